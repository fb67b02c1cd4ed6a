#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""layered_image.py ROOT_TAR OUT N [CONFIG]: an OCI layout OUT with one image of N layers, whose config
has the members of CONFIG, a JSON object, as well. The bottom one is
ROOT_TAR. Each of the others adds /layers/<number> and writes its number into /top; the topmost also
hides /layers/1 (a whiteout) and all that was in /opaque (an opaque directory)."""
import hashlib
import io
import json
import os
import sys
import tarfile


def put_blob(out, data):
    digest = hashlib.sha256(data).hexdigest()
    with open(f"{out}/blobs/sha256/{digest}", "wb") as f:
        f.write(data)
    return {"digest": f"sha256:{digest}", "size": len(data)}


def add(tar, name, text):
    info = tarfile.TarInfo(name)
    info.size = len(text)
    info.mode = 0o644
    tar.addfile(info, io.BytesIO(text.encode()))


def make_layer(number, is_top):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        add(tar, f"layers/{number}", f"{number}\n")
        add(tar, "top", f"{number}\n")
        if is_top:
            add(tar, "layers/.wh.1", "")
            add(tar, "opaque/.wh..wh..opq", "")
            add(tar, "opaque/above", "")
        else:
            add(tar, f"opaque/below-{number}", "")
    return data.getvalue()


def put_json(out, value):
    return put_blob(out, json.dumps(value).encode())


def main():
    root, out, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
    more = json.loads(sys.argv[4]) if len(sys.argv) > 4 else {}
    kind = "application/vnd.oci.image"
    os.makedirs(f"{out}/blobs/sha256")
    with open(root, "rb") as f:
        layers = [put_blob(out, f.read())]
    layers += [put_blob(out, make_layer(i, i == n - 1)) for i in range(1, n)]
    config = put_json(out, {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["sh"], **more},
                            "rootfs": {"type": "layers", "diff_ids": [x["digest"] for x in layers]}})
    manifest = put_json(out, {"schemaVersion": 2, "mediaType": f"{kind}.manifest.v1+json",
                              "config": {"mediaType": f"{kind}.config.v1+json", **config},
                              "layers": [{"mediaType": f"{kind}.layer.v1.tar", **x} for x in layers]})
    index = {"schemaVersion": 2, "manifests": [
        {"mediaType": f"{kind}.manifest.v1+json", **manifest,
         "annotations": {"org.opencontainers.image.ref.name": "1"}}]}
    with open(f"{out}/index.json", "w", encoding="utf-8") as f:
        json.dump(index, f)
    with open(f"{out}/oci-layout", "w", encoding="utf-8") as f:
        f.write('{"imageLayoutVersion":"1.0.0"}')


if __name__ == "__main__":
    main()
