#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# windows_compile.sh: the sources that a Windows build has in common with this one, or alone, and that
# need nothing but <windows.h>, compile for Windows without a warning. Needs clang and the headers of
# mingw-w64 (Debian: clang mingw-w64-x86-64-dev); without them it says so and is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
headers=/usr/x86_64-w64-mingw32/include/windows.h
command -v clang >/dev/null || { echo "SKIP windows_compile: no clang"; exit 77; }
[[ -e $headers ]] || { echo "SKIP windows_compile: no $headers (mingw-w64-x86-64-dev)"; exit 77; }
n=0
# banned.h stays out: it poisons names that <windows.h> itself uses.
for file in backends/*_windows.c backends/hcs_{api,guid,isolation,result,text}.c; do
	clang --target=x86_64-w64-mingw32 -std=gnu11 -fsyntax-only -Wall -Wextra -Wshadow \
		-Wstrict-prototypes -Wmissing-prototypes -Werror -I. "$file"
	n=$((n + 1))
done
echo "COMPILED for Windows: $n files"
