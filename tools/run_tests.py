#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every test of a build folder: ctest for C++, pytest for whole programs. Closes with 'N passed, N failed'.

    tools/run_tests.py --build build/release              everything
    tools/run_tests.py --build build/asan --sanitizer     the same, told that programs are slow
    tools/run_tests.py --build build/tsan --sanitizer --label tsan
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run_ctest(build, label):
    """Returns (passed, failed)."""
    command = ["ctest", "--test-dir", str(build), "-j", str(os.cpu_count() or 2), "--output-on-failure", "--progress"]
    if label:
        command += ["-L", label]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    counts = re.search(r"(\d+)% tests passed, (\d+) tests failed out of (\d+)", done.stdout)
    if not counts or done.returncode != 0:
        print(done.stdout[-20000:])
    if not counts:
        return 0, 1
    failed, total = int(counts.group(2)), int(counts.group(3))
    return total - failed, max(failed, 1 if done.returncode != 0 else 0)


def run_pytest(build, sanitizer):
    """Returns (passed, failed, skipped)."""
    env = dict(os.environ, PENSTOCK_BIN=str(build / "bin"), PYTHONDONTWRITEBYTECODE="1")
    if sanitizer:
        env["PENSTOCK_SLOW"] = "1"
    done = subprocess.run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs", "test/e2e"],
                          cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(done.stdout[-20000:])
    last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""

    def count(word):
        found = re.search(rf"(\d+) {word}", last)
        return int(found.group(1)) if found else 0

    failed = count("failed") + count("error")
    return count("passed"), max(failed, 1 if done.returncode != 0 else 0), count("skipped")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--sanitizer", action="store_true")
    parser.add_argument("--label")
    options = parser.parse_args()
    build = options.build.resolve()
    passed, failed = run_ctest(build, options.label)
    skipped = 0
    print(f"C++: {passed} passed, {failed} failed\n")
    if not options.label:
        more_passed, more_failed, skipped = run_pytest(build, options.sanitizer)
        passed, failed = passed + more_passed, failed + more_failed
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
