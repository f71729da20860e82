# SPDX-License-Identifier: Apache-2.0
"""Compiler flags for the checks, from the build folder's compile_commands.json without what only the build needs:
precompiled headers, optimisation, warnings of the other compiler."""
import json
import os
import re
import shlex

import project

BUILD = project.ROOT / os.environ.get("LINT_BUILD", "build/release")


def sources_of(file):
    """The file itself, or the sources that a unity file of CMake includes."""
    if "/Unity/unity_" not in file:
        return [file]
    return re.findall(r'^#include "([^"]+)"', open(file, encoding="utf-8").read(), re.MULTILINE)


def database():
    """{name: [flag, …]} of our sources: include folders, definitions and the standard."""
    path = BUILD / "compile_commands.json"
    if not path.exists():
        return {}
    flags = {}
    for entry in json.loads(path.read_text(encoding="utf-8")):
        words, kept = shlex.split(entry["command"]), []
        for i, word in enumerate(words):
            if word in ("-I", "-isystem"):
                kept += [word, words[i + 1]]
            elif word.startswith(("-I", "-D", "-isystem", "-std=")):
                kept.append(word)
        for source in sources_of(os.path.join(entry["directory"], entry["file"])):
            flags[os.path.relpath(source, project.ROOT)] = kept
    return flags


def common(flags):
    """Every flag that some source has: what a header may count on."""
    joined = {}
    for words in flags.values():
        pairs = iter(words)
        for word in pairs:
            joined[(word, next(pairs)) if word in ("-I", "-isystem") else (word,)] = None
    return [word for group in joined for word in group if not word.startswith("-DPENSTOCK_PROGRAM")]
