#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-format agrees with every C++ file."""
import concurrent.futures
import re
import subprocess

import project

PROGRAM = "clang-format-16"


def check(names):
    done = subprocess.run([PROGRAM, "--dry-run", "--Werror", "--style=file", *names], cwd=project.ROOT,
                          capture_output=True, text=True, check=False)
    found = re.findall(r"^(\S+?):(\d+):\d+: error", done.stderr, re.MULTILINE)
    first = {}
    for name, line in found:
        first.setdefault(name, line)
    problems = [f"{name}:{line}: not formatted; run {PROGRAM} -i {name}" for name, line in first.items()]
    return problems if problems or done.returncode == 0 else [done.stderr.strip()]


def main():
    names = project.code_files()
    parts = [names[i::project.jobs()] for i in range(project.jobs())]
    with concurrent.futures.ThreadPoolExecutor(project.jobs()) as pool:
        problems = [problem for part in pool.map(check, [part for part in parts if part]) for problem in part]
    project.finish(problems, f"{len(names)} files, {len(problems)} not formatted")


if __name__ == "__main__":
    main()
