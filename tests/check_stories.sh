#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# check_stories.sh BUILD: every story of STORIES.tsv is there once, and its tests exist in ctest.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
known=$(ctest --test-dir "$1" -N | sed -n 's/^ *Test *#[0-9]*: *//p')
bad=0
n=0
while IFS=$'\t' read -r id story tests; do
	[[ $id == \#* ]] && continue
	n=$((n + 1))
	[[ $id == "T$n" && -n $story && -n $tests ]] || { echo "STORIES.tsv: line for T$n expected, got '$id'"; bad=1; }
	[[ $tests == later* ]] && continue
	for test in ${tests//,/ }; do
		grep -qxF "$test" <<<"$known" || { echo "STORIES.tsv: $id: no test '$test' in ctest"; bad=1; }
	done
done <"$here/STORIES.tsv"
exit $bad
