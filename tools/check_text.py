#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What can be seen in the text alone: the licence line, the length of files, coroutine lambdas that capture, scripts
that do not parse. Functions longer than the cap are counted and named, and do not fail."""
import re
import subprocess

import project

LICENCE = "SPDX-License-Identifier: Apache-2.0"
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 80

# A lambda that captures and is a coroutine: its captures die with the lambda object, before the coroutine ends.
CAPTURING_COROUTINE = re.compile(
    r"\[[^\[\]\n]+\]\s*\([^()]*(?:\([^()]*\)[^()]*)*\)\s*(?:mutable\s*)?(?:noexcept\s*)?"
    r"->\s*(?:[a-z_]+::)*(?:awaitable|Task)\b")


def strip_comments(text):
    """Comments become blanks and strings empty, lines stay where they are."""
    def blank(match):
        found = match.group(0)
        return re.sub(r"[^\n]", " ", found) if found.startswith("/") else '""' + "\n" * found.count("\n")
    return re.sub(r'//[^\n]*|/\*.*?\*/|R"\(.*?\)"|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.DOTALL)


def long_functions(lines):
    """(line, length) of bodies beyond the cap, by indentation: formatted code opens a function at the margin, or two
    columns in when inside a class, and closes it with a brace in the same column."""
    found = []
    for number, line in enumerate(lines):
        opened = re.match(r"( {0,2})[A-Za-z~].*\)[^=;]*\{$", line)
        if not opened or re.match(r" *(?:namespace|class|struct|enum|union|extern)\b", line):
            continue
        closing = opened.group(1) + "}"
        end = next((i for i in range(number + 1, len(lines)) if lines[i].startswith(closing)), number)
        if end - number + 1 > FUNCTION_LINES_MAX:
            found.append((number + 1, end - number + 1))
    return found


def check_code(name, problems, long):
    text = project.read(name)
    lines = text.splitlines()
    if len(lines) > FILE_LINES_MAX:
        problems.append(f"{name}:{FILE_LINES_MAX + 1}: {len(lines)} lines; the cap is {FILE_LINES_MAX}")
    code = strip_comments(text)
    for match in CAPTURING_COROUTINE.finditer(code):
        problems.append(f"{name}:{code.count(chr(10), 0, match.start()) + 1}: a coroutine lambda captures; "
                        "pass what it needs as parameters")
    long += [f"{name}:{line} ({length} lines)" for line, length in long_functions(code.splitlines())]


def check_scripts(names, problems):
    for name in names:
        first = project.read(name).split("\n", 1)[0]
        if name.endswith(".py") or first.startswith("#!") and "python" in first:
            try:
                compile(project.read(name), name, "exec")
            except SyntaxError as error:
                problems.append(f"{name}:{error.lineno}: {error.msg}")
        elif first.startswith("#!") and re.search(r"\b(ba)?sh$", first):
            done = subprocess.run(["bash", "-n", name], cwd=project.ROOT, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                problems.append(f"{name}:1: {done.stderr.strip()}")


def main():
    problems, long = [], []
    code = project.code_files()
    for name in code:
        check_code(name, problems, long)
    scripts = [name for name in project.files("") if name.endswith((".py", ".sh")) or "." not in name.rsplit("/", 1)[-1]
               and not name.startswith(("fuzz/corpus/", "test/data/"))]
    scripts = [name for name in scripts if name.endswith(".py") or project.read(name).startswith("#!")]
    check_scripts(scripts, problems)
    build_files = [name for name in project.files(".cmake", "CMakeLists.txt")]
    for name in code + scripts + build_files:
        if LICENCE not in "".join(project.read(name).splitlines(keepends=True)[:2]):
            problems.append(f"{name}:1: the licence line is missing: {LICENCE}")
    summary = f"{len(code)} sources, {len(scripts)} scripts"
    if long:
        summary += f"; functions over {FUNCTION_LINES_MAX} lines: " + ", ".join(sorted(long))
    project.finish(problems, summary)


if __name__ == "__main__":
    main()
