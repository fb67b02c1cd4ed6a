#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the suites of run.sh came to. `suite NAME LOG RC` prints failures and `N passed, N failed`
of one suite; `all NAME... -- ALLOWED...` sums up, with what ran on which runtime and what did not.

Tests say `RAN <runtime> <n>` and `SKIP <name> <why>` on a line of their own."""
import json
import re
import sys
import xml.etree.ElementTree as ET

LOGS = "build/logs"


def read_junit(name):
    """(test, status, output) of each test: run, fail, notrun (skipped), disabled."""
    try:
        root = ET.parse(f"{LOGS}/{name}.xml").getroot()
    except (FileNotFoundError, ET.ParseError):
        return None
    return [(t.get("name"), t.get("status"), t.findtext("system-out") or "") for t in root.iter("testcase")]


def tail(text, n):
    return "\n".join("    " + line for line in text.rstrip().split("\n")[-n:])


def suite(name, log, rc):
    with open(log, encoding="utf-8", errors="replace") as f:
        text = f.read()
    tests = read_junit(name)
    passed = failed = 0
    skipped, ran = [], {}
    for test, status, out in tests or []:
        passed += status == "run"
        failed += status == "fail"
        if status == "fail":
            print(f"  FAILED {test}\n{tail(out, 60)}")
        said = re.findall(r"^SKIP (\S+) (.*)$", out, re.M)
        said += [(f"{test}:{case}", "its inputs are not here")
                 for case in re.findall(r"^\[  SKIPPED \] (\w+)$", out, re.M)]
        if status in ("notrun", "disabled") and not said:
            said = [(test, "did not run")]
        skipped += said
        for runtime, n in re.findall(r"^RAN (\S+) (\d+)$", out, re.M):
            ran[runtime] = ran.get(runtime, 0) + int(n)
    if tests is None:
        m = re.findall(r"^(\d+) passed, (\d+) failed$", text, re.M)
        passed, failed = map(int, m[-1]) if m else (0, 0)
        for line in re.findall(r"^FAILED .*$", text, re.M):
            print("  " + line)
    if rc != 0 and failed == 0:
        failed = 1
        print(f"  ended with {rc}\n{tail(text, 40)}")
    with open(f"{LOGS}/{name}.result", "w", encoding="utf-8") as f:
        json.dump({"passed": passed, "failed": failed, "skipped": skipped, "ran": ran}, f)
    print(f"{name}: {passed} passed, {failed} failed", flush=True)


def total(names, allowed):
    passed = failed = 0
    skipped, ran = {}, {}
    for name in names:
        with open(f"{LOGS}/{name}.result", encoding="utf-8") as f:
            r = json.load(f)
        passed, failed = passed + r["passed"], failed + r["failed"]
        skipped.update({test: why for test, why in r["skipped"]})
        for runtime, n in r["ran"].items():
            ran[runtime] = ran.get(runtime, 0) + n
    print("real-runtime tests: " + (", ".join(f"{n} on {r}" for r, n in sorted(ran.items())) or "none ran"))
    print(f"{len(skipped)} skipped")
    for test, why in sorted(skipped.items()):
        # A test inside a program is skipped for its inputs; what a runtime did not run counts.
        is_allowed = ":" in test or any(a == test or a in re.split(r"[_./-]", test) for a in allowed)
        failed += not is_allowed
        print(f"  {test}: {why}" + ("" if is_allowed else f"; a failure without --allow-skip={test}"))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


def main():
    if sys.argv[1] == "suite":
        suite(sys.argv[2], sys.argv[3], int(sys.argv[4]))
        return 0
    at = sys.argv.index("--")
    return total(sys.argv[2:at], sys.argv[at + 1:])


if __name__ == "__main__":
    sys.exit(main())
