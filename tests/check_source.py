#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The gates on the source: sizes, layers, who may read clock, environment and random numbers,
comments, formatting, headers that compile alone. One finding a line: FILE:LINE: what is wrong;
what to do. There is no list of exceptions. Slow gates are remembered by content in CACHE."""
import hashlib
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

FOLDERS = ("base", "specs", "store", "backends", "controller", "tests")
MAX_FUNCTION, MAX_C, MAX_H, MAX_PARAMS, MAX_NESTING, MAX_COLUMNS, MAX_OPS = 80, 600, 250, 6, 4, 100, 12

# What a folder's files may include. The core is a part of controller/, named in its CMake list.
LAYERS = {
    "base": ("base/",),
    "specs": ("base/", "specs/"),
    "store": ("base/", "specs/", "store/"),
    "backends": ("base/", "specs/", "backends/"),
    "controller/api": ("base/", "specs/", "controller/api/"),
}
CORE_SYSTEM = {"assert.h", "inttypes.h", "limits.h", "stdbool.h", "stddef.h", "stdint.h",
               "stdlib.h", "string.h"}

# (who may: pattern of paths, pattern of the code, what to do)
CALLS = (
    (r"base/clock\.c$", r"\b(clock_gettime|gettimeofday|timespec_get|ftime|time|clock)\s*\(",
     "a clock is read in base/clock.c only: take `now` as an argument, or call clock_mono()"),
    (r"(.*/)?main\.c$|tests/", r"\b(secure_)?getenv\s*\(",
     "the environment is read in main.c only: pass the value down"),
    (r"base/rand\.c$", r"\b(getrandom|getentropy|s?random|s?rand|rand_r|[dlm]rand48|arc4random\w*)"
     r"\s*\(", "random numbers come from base/rand.c only: rand_bytes(), rand_next()"),
    (r"controller/cli/|base/log\.c$|tests/",
     r"\b(v?f?printf|v?dprintf|f?puts|f?putc|putchar|perror)\s*\(",
     "only controller/cli and base/log.c print: return an error, or call log_line() at the top"),
)
CORE_CALLS = (r"\b(malloc|calloc|realloc|free|x[cm]alloc|xcalloc|xrealloc|xstrdup|log_line|log_error|"
              r"clock_(mono|wall|boot|sleep)|rand_bytes|fopen|open|read|write|pthread_\w+)\s*\(")
SQL = re.compile(r"\b(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO|REPLACE\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|"
                 r"(CREATE|DROP|ALTER)\s+(TABLE|INDEX|VIEW|TRIGGER)|PRAGMA\s|BEGIN\s+(IMMEDIATE|EXCL))"
                 r"|\b(select\s.*\sfrom\s|insert\s+into\s+\w+|delete\s+from\s+\w+)")
# Written in two halves, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK|[Ss]tu" r"b(bed|s)?)\b")
MACHINE_PATH = re.compile(r"(^|[\"' =])/work/")


class Source:
    """One file: its lines, its code with comments and literals blanked, its literals."""

    def __init__(self, root, path):
        self.path = path
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
            self.text = f.read()
        self.lines = self.text.split("\n")
        if self.lines and self.lines[-1] == "":
            self.lines.pop()
        self.literals = []
        self.comment_lines = set()
        self.code = self._strip().split("\n")
        self.includes = [(n, m[1]) for n, line in enumerate(self.lines, 1)
                         if (m := re.match(r'#\s*include\s+([<"][^>"]+[>"])', line))]

    def _strip(self):
        def blank(m):
            s = m[0]
            line = self.text.count("\n", 0, m.start()) + 1
            if s[0] == "/":
                self.comment_lines.update(range(line, line + s.count("\n") + 1))
                return re.sub(r"[^\n\t]", " ", s)
            self.literals.append((line, s))
            return s[0] + " " * (len(s) - 2) + s[0]
        token = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
        return re.sub(token, blank, self.text, flags=re.S)

    def is_header(self):
        return self.path.endswith(".h")

    def folder(self):
        return self.path.split("/")[0]


class Checker:
    def __init__(self, root, cache):
        self.root, self.cache, self.findings = root, cache, []
        os.makedirs(cache, exist_ok=True)
        self.sources = {p: Source(root, p) for p in self.find_files()}
        self.core = self.find_core()

    def find_files(self):
        r = subprocess.run(["git", "-C", self.root, "ls-files", "-co", "--exclude-standard", "--",
                            *FOLDERS], capture_output=True, text=True, check=False)
        paths = r.stdout.split("\n") if r.returncode == 0 else [
            os.path.relpath(os.path.join(d, f), self.root)
            for top in FOLDERS for d, _, fs in os.walk(os.path.join(self.root, top)) for f in fs]
        return sorted(p for p in set(paths)
                      if p.endswith((".c", ".h")) and os.path.exists(os.path.join(self.root, p)))

    def find_core(self):
        """The files of `set(CORE ...)` in controller/CMakeLists.txt and their headers."""
        try:
            with open(os.path.join(self.root, "controller/CMakeLists.txt"), encoding="utf-8") as f:
                m = re.search(r"set\(CORE([^)]*)\)", f.read())
        except FileNotFoundError:
            m = None
        names = [n[:-2] for n in (m[1].split() if m else []) if n.endswith(".c")]
        return {f"controller/{n}{e}" for n in names for e in (".c", ".h")}

    def add(self, s, line, text):
        self.findings.append((s.path, line, text))

    # -- gates over one file ------------------------------------------------------------------

    def check_head(self, s):
        if not s.lines or "SPDX-License-Identifier: Apache-2.0" not in s.lines[0]:
            self.add(s, 1, "no licence; begin with /* SPDX-License-Identifier: Apache-2.0 */")
        rest = [line for line in s.lines[1:4] if line.strip() and not line.startswith("#pragma once")]
        if not rest or not rest[0].startswith("/*"):
            self.add(s, 2, "no word on what this file is for; a comment right after the licence")
        if s.is_header() and "#pragma once" not in s.lines[:3]:
            self.add(s, 2, "a header may be included twice; #pragma once after the licence")

    def check_lines(self, s):
        limit = MAX_H if s.is_header() else MAX_C
        if len(s.lines) > limit:
            self.add(s, limit + 1, f"{len(s.lines)} lines, at most {limit}; split the module")
        for n, line in enumerate(s.lines, 1):
            if len(line.expandtabs(8)) > MAX_COLUMNS:
                self.add(s, n, f"more than {MAX_COLUMNS} columns; break the line")
            if m := UNFINISHED.search(line):
                self.add(s, n, f"'{m[0]}': unfinished work does not land; do it or leave it out")
            if MACHINE_PATH.search(line):
                self.add(s, n, "a path of one machine; take it from the build or the caller")

    def check_calls(self, s):
        for n, line in enumerate(s.code, 1):
            if re.match(r"\s*#\s*(define|pragma|include)", line) and "GCC poison" in line:
                continue
            for allowed, pattern, advice in CALLS:
                m = re.search(r"(?<![\w.>])" + pattern[2:], line) if pattern.startswith(r"\b") else None
                if m and not re.match(allowed, s.path) and "format(" not in line:
                    self.add(s, n, f"{m[0].rstrip('( ')}(): {advice}")
            if s.path in self.core and (m := re.search(r"(?<![\w.>])" + CORE_CALLS[2:], line)):
                self.add(s, n, f"{m[0].rstrip('( ')}(): the core is pure; use the arena, or move it")
        for n, text in s.literals:
            if SQL.search(text) and not s.path.startswith("tests/check"):
                self.add(s, n, "SQL in C; put the query into store/queries/*.sql")

    def check_layers(self, s):
        for n, inc in s.includes:
            name = inc[1:-1]
            if inc[0] == "<":
                if s.path in self.core and name not in CORE_SYSTEM:
                    self.add(s, n, f"<{name}> in the core; it decides and does nothing else")
                continue
            layer = os.path.dirname(s.path)
            layer = layer if layer in LAYERS else s.folder()
            allowed = LAYERS.get(layer)
            if allowed and not name.startswith(allowed):
                self.add(s, n, f"{layer} may include only {', '.join(allowed)}; turn the call around")
            if s.path in self.core and not name.startswith(("base/", "specs/")) and name not in self.core:
                self.add(s, n, f"the core may include only base/, specs/ and itself, not {name}")
            elif s.folder() != "tests" and name.startswith("tests/"):
                self.add(s, n, "the program includes a test's header; move it")

    def check_include_order(self, s):
        blocks, last = [], 0
        for n, inc in s.includes:
            if n != last + 1 or blocks[-1][-1][1][0] != inc[0]:
                blocks.append([])
            blocks[-1].append((n, inc))
            last = n
        for block in blocks:
            names = [inc for _, inc in block]
            for (n, inc), want in zip(block, sorted(names)):
                if inc != want:
                    self.add(s, n, f"includes are not in alphabetic order; {want} comes here")
                    break
        if blocks and self.own_header(s):
            if blocks[0][0][1] != f'"{self.own_header(s)}"' or len(blocks[0]) > 1:
                self.add(s, blocks[0][0][0], f'own header first, alone: "{self.own_header(s)}"')
            blocks = blocks[1:]
        elif s.folder() == "tests" and blocks and len(blocks[0]) == 1 and blocks[0][0][1][0] == '"':
            blocks = blocks[1:]  # a test's fixture stands where the own header would
        ours = next((b for b in blocks if b[0][1][0] == '"'), None)
        for block in blocks:
            if ours and block[0][1][0] == "<" and block[0][0] > ours[0][0]:
                self.add(s, block[0][0], "system headers come before ours")

    def own_header(self, s):
        if s.is_header():
            return None
        stem = re.sub(r"(_posix|_linux|_windows)?\.c$", "", s.path)
        return next((p for p in (s.path[:-2] + ".h", stem + ".h") if p in self.sources), None)

    def check_functions(self, s):
        start = None
        for n, line in enumerate(s.code, 1):
            if line == "{" and n > 1:
                start = n
                self.check_signature(s, n)
            elif line.startswith("}") and start:
                if n - start - 1 > MAX_FUNCTION:
                    self.add(s, start, f"a function of {n - start - 1} lines, at most {MAX_FUNCTION};"
                             " look for a table, then a helper, then a module")
                start = None
            elif start and (m := re.match(r"(\t+)(\} else |)(if|for|while|switch|do)\b", line)):
                if len(m[1]) == MAX_NESTING + 1:
                    self.add(s, n, f"nested deeper than {MAX_NESTING}; return early, or make a helper")

    def check_signature(self, s, brace):
        first = brace - 2
        while first > 0 and (s.code[first][:1] in ("\t", " ") or s.code[first] == ""):
            first -= 1
        text = " ".join(s.code[first:brace - 1])
        self.check_params(s, first + 1, text)

    def check_params(self, s, n, text):
        m = re.search(r"\b(\w+)\s*\(", text)
        if not m:
            return
        depth, count = 0, 1
        for c in text[m.end() - 1:]:
            depth += c == "("
            depth -= c == ")"
            count += c == "," and depth == 1
            if depth == 0:
                break
        if count > MAX_PARAMS:
            self.add(s, n, f"{m[1]} has {count} parameters, at most {MAX_PARAMS}; pass a struct")

    def check_header(self, s):
        """Every function that others may call stands in a paragraph with a comment."""
        n, ops = 1, None
        while n <= len(s.code):
            line = s.code[n - 1]
            if m := re.match(r"struct (\w+_ops) \{", line):
                ops = (n, m[1], 0)
            elif ops and line.startswith("}"):
                if ops[2] > MAX_OPS:
                    self.add(s, ops[0], f"{ops[1]} has {ops[2]} operations, at most {MAX_OPS};"
                             " split the kind")
                ops = None
            elif ops and re.search(r"\(\*\w+\)\s*\(", line):
                ops = (ops[0], ops[1], ops[2] + 1)
            elif re.match(r"(?!typedef|static|struct \w+ \{|enum|union|extern \"|#|CLEAN_DEFINE|_Static)"
                          r"[a-z][\w \*]*\b\w+\(", line) and not line.rstrip().endswith("{"):
                self.check_comment(s, n)
                text, end = line, n
                while ";" not in text and end < len(s.code):
                    text += s.code[end]
                    end += 1
                self.check_params(s, n, text)
            n += 1

    def check_comment(self, s, n):
        first = last = n
        while first > 1 and s.lines[first - 2].strip():
            first -= 1
        while last < len(s.lines) and s.lines[last].strip():
            last += 1
        if not any(i in s.comment_lines for i in range(first, last + 1)):
            self.add(s, n, "a public function without a word; say what it promises")

    # -- gates that need a program --------------------------------------------------------------

    def remembered(self, *parts):
        h = hashlib.sha256()
        for p in parts:
            h.update(p if isinstance(p, bytes) else p.encode())
            h.update(b"\0")
        return os.path.join(self.cache, h.hexdigest())

    def read(self, path):
        try:
            with open(os.path.join(self.root, path), "rb") as f:
                return f.read()
        except FileNotFoundError:
            return b""

    def check_format(self, s):
        mark = self.remembered("format", self.read(".clang-format"), s.text)
        if os.path.exists(mark):
            return
        r = subprocess.run(["clang-format", "--style=file", "--dry-run", "-Werror", s.path],
                           cwd=self.root, capture_output=True, text=True, check=False)
        if r.returncode == 0:
            open(mark, "w", encoding="utf-8").close()
            return
        m = re.search(r":(\d+):\d+: error", r.stderr)
        self.add(s, int(m[1]) if m else 1, f"not formatted; clang-format -i {s.path}")

    def closure(self, path, seen):
        if path in seen or path not in self.sources:
            return seen
        seen.add(path)
        for _, inc in self.sources[path].includes:
            if inc[0] == '"':
                self.closure(inc[1:-1], seen)
        return seen

    def check_alone(self, s):
        parts = [self.sources[p].text for p in sorted(self.closure(s.path, set()))]
        mark = self.remembered("alone", self.read("base/banned.h"), *parts)
        if os.path.exists(mark):
            return
        flags = ["-fsyntax-only", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function",
                 "-D_GNU_SOURCE", "-I", "."]
        if os.path.exists(os.path.join(self.root, "base/banned.h")):
            flags += ["-include", "base/banned.h"]
        r = subprocess.run(["cc", *flags, *self.packages(), "-x", "c", "-"], cwd=self.root,
                           input=f'#include "{s.path}"\n', capture_output=True, text=True, check=False)
        if r.returncode == 0:
            open(mark, "w", encoding="utf-8").close()
            return
        m = re.search(r":(\d+):\d+: error: (.*)", r.stderr)
        self.add(s, int(m[1]) if m else 1,
                 f"does not compile alone ({m[2] if m else 'error'}); include what it uses")

    def packages(self):
        if not hasattr(self, "cflags"):
            r = subprocess.run(["pkg-config", "--cflags", "json-c", "libarchive"], check=False,
                               capture_output=True, text=True)
            self.cflags = r.stdout.split()
        return self.cflags

    def run(self):
        self.packages()
        for s in self.sources.values():
            self.check_head(s)
            self.check_lines(s)
            self.check_calls(s)
            self.check_layers(s)
            self.check_include_order(s)
            self.check_functions(s)
            if s.is_header():
                self.check_header(s)
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(self.check_format, s) for s in self.sources.values()]
            jobs += [pool.submit(self.check_alone, s) for s in self.sources.values() if s.is_header()]
            for job in jobs:
                job.result()
        for path, line, text in sorted(set(self.findings)):
            print(f"{path}:{line}: {text}")
        return 1 if self.findings else 0


def main():
    if len(sys.argv) != 3:
        print("usage: check_source.py ROOT CACHE", file=sys.stderr)
        return 64
    return Checker(sys.argv[1], sys.argv[2]).run()


if __name__ == "__main__":
    sys.exit(main())
