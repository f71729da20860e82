# SPDX-License-Identifier: Apache-2.0
"""What the checks share: which files are ours, and how findings are told."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CODE_FOLDERS = ("src/", "cmd/", "sim/", "fuzz/", "bench/", "test/", "cmake/")


def files(*suffixes):
    """Paths below the root with one of these suffixes, sorted: what git tracks, and new files it does not ignore.

    LINT_TRACKED=1 leaves the new ones out. Without git (a tarball) all files count but those of build/.
    """
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached"]
        if os.environ.get("LINT_TRACKED") != "1":
            command += ["--others", "--exclude-standard"]
        names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    else:
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
        names = [name for name in names if not name.startswith(("build/", ".git/"))]
    return sorted({name for name in names if name.endswith(suffixes) and (ROOT / name).is_file()})


def code_files():
    return [name for name in files(".cc", ".h") if name.startswith(CODE_FOLDERS)]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def jobs():
    return os.cpu_count() or 2


def finish(problems, summary):
    """Prints what was found, then one line that sums up; ends the program."""
    for problem in sorted(set(problems)):
        print(problem)
    print(summary)
    sys.exit(1 if problems else 0)
