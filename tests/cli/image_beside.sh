#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Names come and go beside one another, and with each that goes what nobody needs is cleared away:
# an import that is under way loses nothing by it. Every image that has a name in the end is whole:
# each blob is what its digest says, and each layer is unpacked.
. "$(dirname "$0")/../support/lib.sh"
rounds=25

mkdir root
tar_of() { # N: a root file system of its own; 0: the one that many names share
	echo "$1" >root/mark
	head -c 200000 /dev/zero >root/zeros
	tar -C root -cf "$1.tar" .
}
for i in 0 $(seq 1 2 $rounds); do tar_of "$i"; done

import_all() { # of two in turn, so that layers are shared, left by their last name, and needed again
	local i file
	for ((i = 1; i <= rounds; i++)); do
		file=$((i % 2 ? i : 0)).tar
		"$TALLYMAN" image import $file --as "local/i:$i" --os linux --cmd sh >/dev/null || return 1
	done
}
remove_some() { # until the last is there: each but the first and the last goes as soon as it is seen
	local i
	while [[ ! -e done ]]; do
		for i in $("$TALLYMAN" image ls -o json | grep -oE 'local/i:[0-9]+' | sort -u | cut -d: -f2); do
			((i == 1 || i >= rounds - 1)) && continue
			"$TALLYMAN" image rm "local/i:$i" >/dev/null || return 1
			echo "$i" >>removed
		done
	done
}

remove_some &
remover=$!
import_all || { touch done; fail "an import failed"; }
touch done
wait $remover || fail "a removal failed"
(($(wc -l <removed) > rounds / 4)) || fail "hardly anything was removed meanwhile"
python3 - "$TALLYMAN_STATE_DIR/images" <<'EOT' || fail "an image is not whole"
import hashlib, json, os, sys
root = sys.argv[1]
def blob(digest):
    data = open(os.path.join(root, 'blobs/sha256', digest.split(':')[1]), 'rb').read()
    assert hashlib.sha256(data).hexdigest() == digest.split(':')[1], digest
    return data
named = json.load(open(os.path.join(root, 'index.json')))['manifests']
assert len(named) >= 3, named
for entry in named:
    manifest = json.loads(blob(entry['digest']))
    config = json.loads(blob(manifest['config']['digest']))
    for layer, diff in zip(manifest['layers'], config['rootfs']['diff_ids']):
        blob(layer['digest'])
        unpacked = os.path.join(root, 'l', diff.split(':')[1][:12], 'fs')
        assert sorted(os.listdir(unpacked)) == ['mark', 'zeros'], unpacked
kept = {e['annotations']['dev.tallyman.name'] for e in named}
assert {'local/i:1', 'local/i:24', 'local/i:25'} <= kept, kept
assert not os.listdir(os.path.join(root, 'tmp'))
EOT
