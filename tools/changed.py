# SPDX-License-Identifier: Apache-2.0
"""Which files changed, for checks that read only these.

Changed is what differs from LINT_BASE, uncommitted work included. Without LINT_BASE the base is where this branch left
origin/main, and in a clone of main itself the commit before.
"""
import os
import subprocess

import project


def git(*arguments):
    done = subprocess.run(["git", *arguments], cwd=project.ROOT, capture_output=True, text=True, check=False)
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else []


def base():
    """The commit to compare with; empty when there is none (the first commit, a shallow clone, no git)."""
    if os.environ.get("LINT_BASE"):
        return os.environ["LINT_BASE"]
    head = git("rev-parse", "HEAD")
    for other in ("origin/main", "main"):
        fork = git("merge-base", "HEAD", other)
        if fork and fork != head:
            return fork[0]
    before = git("rev-parse", "--verify", "--quiet", "HEAD~1")
    return before[0] if before else ""


def names():
    """The newest change first. Without a base: every source."""
    start = base()
    if start and not git("rev-parse", "--verify", "--quiet", start + "^{commit}"):
        project.finish([f"{start}: no such commit; is LINT_BASE right, and the clone deep enough?"], "nothing checked")
    uncommitted = git("diff", "--name-only", "HEAD")
    if os.environ.get("LINT_TRACKED") != "1":
        uncommitted += git("ls-files", "--others", "--exclude-standard")
    committed = git("log", "--format=", "--name-only", f"{start}..HEAD") if start else project.code_files()
    return list(dict.fromkeys(uncommitted + committed))
