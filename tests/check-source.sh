#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check-source.sh [ROOT [CACHE]]: the gates on the source; see check_source.py. 0 clean, 1 findings.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=${1:-$(dirname "$here")}
exec python3 "$here/check_source.py" "$root" "${2:-$root/build/check-source}"
