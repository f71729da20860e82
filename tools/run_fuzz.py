#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every fuzz target for a while, several at a time. What it finds is kept in build/fuzz/findings/."""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run_one(target, build, seconds):
    name = target.name
    grown = build / "corpus" / name
    findings = build / "findings"
    grown.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    command = [str(target), f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
               f"-artifact_prefix={findings}/{name}-", str(grown)]
    seeds = ROOT / "fuzz" / "corpus" / name
    if seeds.is_dir():
        command.append(str(seeds))
    for dictionary in (f"{name.removeprefix('fuzz_')}.dict", f"{name}.dict"):
        if (ROOT / "fuzz" / "dict" / dictionary).is_file():
            command.append(f"-dict={ROOT / 'fuzz' / 'dict' / dictionary}")
            break
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          check=False)
    runs = next((line.split()[-1] for line in done.stdout.splitlines() if "number_of_executed_units" in line), "?")
    return name, done.returncode, runs, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2, help="targets at a time; default: cores")
    options = parser.parse_args()
    build = options.build.resolve()
    targets = sorted(path for path in (build / "bin").glob("fuzz_*") if os.access(path, os.X_OK))
    missing = {path.stem for path in (ROOT / "fuzz").glob("fuzz_*.cc")} - {path.name for path in targets}
    for name in sorted(missing):
        print(f"{name:32} the program is missing: is it in fuzz/CMakeLists.txt, and built?")
    failed = len(missing)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, code, runs, output in pool.map(lambda t: run_one(t, build, options.seconds), targets):
            print(f"{name:32} {runs:>10} runs  {'ok' if code == 0 else 'FOUND SOMETHING'}", flush=True)
            if code != 0:
                failed += 1
                print(output[-6000:])
    print(f"fuzz: {len(targets) + len(missing) - failed} passed, {failed} failed")
    return 1 if failed or not targets else 0


if __name__ == "__main__":
    sys.exit(main())
