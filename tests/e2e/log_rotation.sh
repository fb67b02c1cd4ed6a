#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A container writes several times what its file asks to be kept: the log stays within that, its end
# is whole, and who follows it sees each line once, over all rotations.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
import_busybox

n=12000 max=400000
cat >app.yaml <<EOT
version: v1
deployment: rotate
services:
  web:
    rtype: job
    image: { name: local/busybox:1 }
    command:
      entrypoint: [/bin/sh, -c]
      args: ["i=0; while [ \$i -lt $n ]; do echo line \$i; i=\$((i + 1)); done"]
    logs: { max_size_bytes: $max }
    network_mode: none
EOT
log=$TALLYMAN_STATE_DIR/logs/rotate/web-rep-0.log

tm_ok apply app.yaml
wait_for 60 grep -q "F line $((n - 1))\$" "$log"
[[ -e $log.1 && -e $log.4 && ! -e $log.5 ]] || fail "not in five files: $(ls "$TALLYMAN_STATE_DIR/logs/rotate")"
size=$(cat "$log" "$log".? | wc -c)
((size <= max)) || fail "$size bytes are kept of $max"
((size > max * 3 / 5)) || fail "only $size bytes are kept of $max"

tm_ok logs rotate/web --no-prefix
first=$(head -n 1 <<<"$out")
assert_eq "$out" "$(seq -f 'line %g' "${first#line }" $((n - 1)))" "the log"
tm_ok logs rotate/web --no-prefix --tail 5000
assert_eq "$out" "$(seq -f 'line %g' $((n - 5000)) $((n - 1)))" "the last 5000 lines"

# Followed over a second run, of which all is kept: one that writes faster than it is read may be
# ahead by more than the files hold.
m=5000
"$TALLYMAN" logs rotate/web --no-prefix --follow --tail 0 >followed &
follower=$!
sed -i "s/echo line/echo again/; s/i=0;/i=0; sleep 2;/; s/-lt $n/-lt $m/" app.yaml
tm_ok apply app.yaml
wait_for 60 grep -q "^again $((m - 1))\$" followed
kill $follower
grep -v '^line' followed >got || true
seq -f 'again %g' 0 $((m - 1)) | cmp - got || fail "the follower missed lines"
tm_ok down rotate
