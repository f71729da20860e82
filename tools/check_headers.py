#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone. What compiled is remembered in build/lint/headers by the content of the header and of
all headers of ours that it includes, so a second run compiles only what changed. With LINT_BASE only those are compiled
that changed since this commit, or include one that has given up an include or a forward declaration since: what else
may break a header breaks the sources that include it, too, and the build shows it. LINT_HEADERS_MAX bounds them: the
newest changes first."""
import concurrent.futures
import hashlib
import os
import re
import subprocess

import changed
import compile_flags
import project

SEEN = project.ROOT / "build" / "lint" / "headers"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
LENT = re.compile(r'^\s*(#\s*include\s*\S+|(?:class|struct|enum)\b[^{;()]*;)', re.MULTILINE)  # what includers may lean on


def resolve(included, by):
    """The included file's name below the root, or None."""
    for candidate in (f"src/{included}", included, f"{by.rsplit('/', 1)[0]}/{included}"):
        if (project.ROOT / candidate).is_file():
            return candidate
    return None


def closure(name, texts, done):
    if name not in done:
        done.add(name)
        texts.setdefault(name, project.read(name))
        for included in INCLUDE.findall(texts[name]):
            other = resolve(included, name)
            if other:
                closure(other, texts, done)
    return done


def key(name, texts, flags):
    digest = hashlib.sha256("\0".join(flags).encode())
    for part in sorted(closure(name, texts, set())):
        digest.update(f"\0{part}\0{texts[part]}".encode())
    return digest.hexdigest()


def compile_alone(name, flags):
    """None, or what the compiler said."""
    done = subprocess.run(["g++", "-fsyntax-only", *flags, "-x", "c++", "-"], input=f'#include "{name}"\n',
                          cwd=project.ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    found = re.search(r"^(\S+:\d+):\d+: (?:fatal )?error: (.*)$", done.stderr, re.MULTILINE)
    return f"{found.group(1)}: {found.group(2)} (when {name} is compiled alone)" if found else f"{name}:1: {done.stderr}"


def gave_up(name, text):
    """Since LINT_BASE the header lost something that headers which include it may have leaned on."""
    before = "\n".join(changed.git("show", f"{changed.base()}:{name}"))
    return not set(LENT.findall(before)) <= set(LENT.findall(text))


def main():
    flags = compile_flags.common(compile_flags.database()) + [f"-I{project.ROOT}"]
    if len(flags) < 2:
        project.finish([f"{compile_flags.BUILD}: no compile_commands.json; run make lint"], "nothing checked")
    names = [name for name in project.code_files() if name.endswith(".h") and not name.startswith("cmake/")]
    texts, problems, left = {}, [], []
    keys = {name: key(name, texts, flags) for name in names}
    SEEN.mkdir(parents=True, exist_ok=True)
    fresh = [name for name in names if not (SEEN / keys[name]).exists()]
    if os.environ.get("LINT_BASE"):
        changes = changed.names()
        new = set(changes)
        poorer = {name for name in new.intersection(names) if gave_up(name, texts[name])}
        age = {name: i for i, name in enumerate(changes)}
        fresh = [name for name in fresh if name in new or not poorer.isdisjoint(closure(name, texts, set()))]
        fresh.sort(key=lambda name: age.get(name, -1))  # who leans on a changed one first
        left = fresh[int(os.environ.get("LINT_HEADERS_MAX") or len(fresh)):]
        fresh = fresh[:len(fresh) - len(left)]
    with concurrent.futures.ThreadPoolExecutor(project.jobs()) as pool:
        for name, problem in zip(fresh, pool.map(lambda name: compile_alone(name, flags), fresh)):
            if problem:
                problems.append(problem)
            else:
                (SEEN / keys[name]).touch()
    for old in SEEN.iterdir():
        if old.name not in keys.values():
            old.unlink()
    project.finish(problems, f"{len(names)} headers, {len(fresh)} compiled, {len(left)} left, {len(problems)} not self-contained")


if __name__ == "__main__":
    main()
