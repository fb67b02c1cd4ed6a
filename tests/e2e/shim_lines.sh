#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A container writes numbered lines without pause. Under a shim that is killed it waits when the pipe
# is full, sees no error and goes on with the next shim; its log has every number but for one gap,
# which a line of its own marks. Under controllers that are killed no number is missing.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"
need_runtime
import_busybox

mkdir mark
cat >app.yaml <<EOT
version: v1
deployment: lines
services:
  web:
    rtype: job
    image: { name: local/busybox:1 }
    command:
      entrypoint: [/bin/sh, -c]
      args:
        - |
          i=0
          while [ ! -e /mark/stop ]; do
            echo line \$i || { echo \$i >/mark/failed; exit 99; }
            i=\$((i + 1))
          done
          echo \$i >/mark/count
          exit 7
    storage: [{ type: bind, source: $TEST_TMP/mark, target: /mark }]
    logs: { max_size_bytes: 10000000000 }
    stop_grace_period: 0s
    network_mode: none
EOT
pid_of() { cat "$TALLYMAN_STATE_DIR/bundles/$1/pid"; }
written() { sed -n 's/^wchar: //p' "/proc/$1/io"; }
has_written() { (($(written "$1") >= $2)); }
ended() { "$TALLYMAN" status lines -o json | grep -q '"state": *"done"'; }
code() { "$TALLYMAN" status lines -o json | sed -n 's/.*"exit_code": *\([^,]*\),*/\1/p'; }
# Exit codes of what is not our child: Linux 6.15 tells them.
knows_adopted() { [[ $(printf '6.15\n%s\n' "$(uname -r | cut -d- -f1)" | sort -V | head -n 1) == 6.15 ]]; }

# check_lines GAPS: of the log's files; prints how many numbers are missing
check_lines() {
	python3 - "$TALLYMAN_STATE_DIR/logs/lines/web-rep-0.log" "$(<mark/count)" "$1" <<'PY'
import re, sys
path, count, max_gaps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
want = gaps = rests = missing = 0
begun, torn = "", False
for line in open(path):
    stream, tag, text = re.match(r"\S+Z (\S+) ([FP]) ?(.*)", line).groups()
    if stream == "system":
        assert text == "tallyman: the log may have a gap here (shim restarted)", text
        gaps, torn, begun = gaps + 1, True, ""
        continue
    begun += text
    if tag == "P":
        continue
    text, begun = begun, ""
    number = re.fullmatch(r"line (\d+)", text)
    if torn and not number:     # the rest of a line whose beginning died with the shim
        rests += 1
        continue
    assert number, text
    if torn:
        missing, want, torn = missing + int(number[1]) - want, int(number[1]), False
    assert int(number[1]) == want, f"{text} where {want} was due"
    want += 1
assert missing >= 0 and rests <= gaps, (missing, rests, gaps)
assert want == count, f"{want} of {count}"
assert gaps <= max_gaps, gaps
print(missing)
PY
}

# -- the shim is killed ----------------------------------------------------------------------

tm_ok apply app.yaml
id=$(ids lines) pid=$(pid_of "$(ids lines)")
wait_for 30 has_written "$pid" 300000
kill -9 "$(shim_pid)"
at=$(written "$pid")
wait_for 60 has_written "$pid" $((at + 1048576 - 65536))
# Full: it waits now.
full=$(written "$pid")
until sleep 0.5 && [[ $(written "$pid") == "$full" ]]; do full=$(written "$pid"); done
[[ -z $(shim_pid) ]] || fail "a shim is there already"
tm_ok apply app.yaml
assert_contains "$out" "Plan: nothing to do"
wait_for 60 has_written "$pid" $((full + 300000))
touch mark/stop
wait_for 30 ended
[[ ! -e mark/failed ]] || fail "a write failed at number $(<mark/failed)"
assert_eq "$(ids lines)" "$id" "the instance"
if knows_adopted; then want=7; else want=null; fi
assert_eq "$(code)" "$want" "exit code of an adopted container"
echo "written without a shim: $((full - at)) bytes, numbers missing: $(check_lines 1)"

# -- a job ends while there is no shim: nobody knows its code, and nobody says 0 ----------------

tm_ok down lines
rm -rf mark/* "$TALLYMAN_STATE_DIR/logs/lines"
tm_ok apply app.yaml
pid=$(pid_of "$(ids lines)")
wait_for 30 has_written "$pid" 1000
kill -9 "$(shim_pid)"
touch mark/stop
gone() { ! alive "$pid"; }
wait_for 30 gone
# Whoever inherited it may take its time to reap it, and then the kernel still knows.
if [[ -e /proc/$pid ]]; then want='null|7'; else want=null; fi
wait_for 30 ended
[[ $(code) =~ ^($want)$ ]] || fail "exit code that nobody saw: $(code), not $want"

# -- controllers are killed: nothing happens ---------------------------------------------------

tm_ok down lines
rm -rf mark/* "$TALLYMAN_STATE_DIR/logs/lines"
tm_ok apply app.yaml
id=$(ids lines) pid=$(pid_of "$(ids lines)") shim=$(shim_pid)
for i in 1 2 3 4; do
	"$TALLYMAN" apply app.yaml >/dev/null 2>&1 &
	controller=$!
	sleep "0.$((i * i))"
	kill -9 $controller 2>/dev/null || true
	wait $controller 2>/dev/null || true
	start_daemon
	sleep "0.$((i * 2))"
	kill -9 "$daemon"
	wait "$daemon" 2>/dev/null || true
	daemon=
done
# It ends while no controller is there; the next one finds the code, and the last line.
touch mark/stop
wait_for 30 eval '[[ -s mark/count ]] && gone'
wait_for 30 ended
assert_eq "$(code)" 7 "exit code"
assert_eq "$(shim_pid)" "$shim" "the shim"
tm_ok logs lines/web --no-prefix --tail 1
assert_eq "$out" "line $(($(<mark/count) - 1))" "the last line"
assert_eq "$(check_lines 0)" 0 "numbers missing"
assert_eq "$(ids lines)" "$id" "the instance"
tm_ok down lines
