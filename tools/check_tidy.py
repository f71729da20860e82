#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy on the files that changed (tools/changed.py), with the checks of .clang-tidy.

A changed header stands for the source beside it. At most LINT_TIDY_MAX files (default 12) are read, those with the
newest changes first, since a file takes 5 to 10 seconds of CPU; LINT_TIDY_MAX=0 reads the whole tree.
"""
import concurrent.futures
import os
import re
import subprocess

import changed
import compile_flags
import project

PROGRAM = "clang-tidy-16"
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wno-unknown-warning-option", "-fsyntax-only"]


def sources(names, flags):
    """What to read for these: the sources themselves, and for a header the source beside it or one that includes it."""
    found = {}
    for name in names:
        if name.endswith(".h"):
            beside = name[:-2] + ".cc"
            included = re.compile(rf'#include "{re.escape(name.removeprefix("src/"))}"')
            name = beside if beside in flags else next((n for n in flags if included.search(project.read(n))), name)
        if name in flags and (project.ROOT / name).is_file():
            found[name] = None
    return list(found)


def tidy(name, flags):
    done = subprocess.run([PROGRAM, "--quiet", name, "--", *WARNINGS, *flags[name]], cwd=project.ROOT,
                          capture_output=True, text=True, errors="replace", check=False)
    root = re.escape(str(project.ROOT) + "/")
    found = re.findall(rf"^(?:{root})?([^\s:]+:\d+):\d+: (?:warning|error): (.*)$", done.stdout, re.MULTILINE)
    problems = [f"{where}: {what}" for where, what in found]
    return problems if problems or done.returncode == 0 else [f"{name}:1: {done.stdout}{done.stderr}"]


def main():
    flags = {name: words for name, words in compile_flags.database().items()
             if not name.startswith(("build/", "../")) and (project.ROOT / name).is_file()}
    if not flags:
        project.finish([f"{compile_flags.BUILD}: no compile_commands.json; run make lint"], "nothing checked")
    most = int(os.environ.get("LINT_TIDY_MAX", "12"))
    names = sources(changed.names(), flags) if most else sorted(flags)
    chosen = names[:most] if most else names
    with concurrent.futures.ThreadPoolExecutor(project.jobs()) as pool:
        problems = [problem for found in pool.map(lambda name: tidy(name, flags), chosen) for problem in found]
    project.finish(problems, f"{len(chosen)} of {len(names)} changed sources, {len(set(problems))} findings")


if __name__ == "__main__":
    main()
