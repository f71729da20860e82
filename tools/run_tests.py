#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every test of a build folder and closes with 'N passed, N failed'.

    tools/run_tests.py --build build/release              everything
    tools/run_tests.py --build build/asan --sanitizer     the same; programs are slow, tests marked release_only left out
    tools/run_tests.py --build build/tsan --sanitizer --label tsan   C++ tests with this label only
    tools/run_tests.py --build build/dev --only shaping,smtp         C++ tests of these programs only

C++ test programs are those of BUILD/tests.list, which CMake writes. Each runs once, all its tests in one process, some
programs side by side; a test that takes its process down or stalls is counted as failed, and the program is run again
for the rest. Then pytest runs test/, some files side by side, with PENSTOCK_BIN naming BUILD/bin (and PENSTOCK_SLOW=1 under a
sanitizer); what tests recorded as "figures" is printed at the end.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
STALL_SECONDS = 120  # a single C++ test may be silent for so long; three times that under a sanitizer
E2E_TEST_SECONDS = 300
E2E_SECONDS = 1500
SANITIZER_OPTIONS = {"ASAN_OPTIONS": "strict_string_checks=1:quarantine_size_mb=64",
                     "UBSAN_OPTIONS": "print_stacktrace=1", "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"}

Program = collections.namedtuple("Program", "name path labels")
Counts = collections.namedtuple("Counts", "passed failed skipped")
RESULT = re.compile(r"\[\s*(RUN|OK|FAILED|SKIPPED)\s*\] (\w+(?:/\w+)*\.\w+(?:/\w+)*)")


def side_by_side(options):
    """How many programs at once. Tests mostly wait, for disks and answers; under a sanitizer they wait less."""
    cores = os.cpu_count() or 2
    return min(cores + 1 if options.sanitizer else 2 * cores, 8)


def read_programs(build, label, only):
    programs = []
    for line in (build / "tests.list").read_text(encoding="utf-8").splitlines():
        name, path, labels = line.split("\t")
        if (not label or label in labels.split(",")) and (not only or name in only):
            programs.append(Program(name, pathlib.Path(path), labels.split(",")))
    return programs


def run_once(program, done, environment, stall):
    """Runs what is not in `done` and adds to it: {test: OK, FAILED or SKIPPED}. Returns (exit status, output, the test
    that was running when the process ended, or None)."""
    command = [str(program.path), "--gtest_color=no"]
    if done:
        command.append("--gtest_filter=-" + ":".join(done))
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)
    last_line = [time.monotonic()]
    stalled = []

    def watch():
        while process.poll() is None:
            time.sleep(0.2)
            if time.monotonic() - last_line[0] > stall:
                stalled.append(True)
                os.killpg(process.pid, signal.SIGKILL)
                return

    threading.Thread(target=watch, daemon=True).start()
    output, running, begin = [], None, 0
    for raw in process.stdout:
        line = raw.decode(errors="replace")
        last_line[0] = time.monotonic()
        output.append(line)
        found = RESULT.search(line)
        if found and found.group(1) == "RUN":
            running, begin = found.group(2), len(output) - 1
        elif found and found.group(2) == running:
            done[running] = found.group(1)
            if found.group(1) != "FAILED":
                del output[begin:]  # only failures are shown
            running = None
    status = process.wait()
    if stalled:
        output.append(f"[ STALLED  ] nothing for {stall} seconds; killed\n")
    return status, "".join(output), running


def run_program(program, environment, stall):
    """Returns (Counts, output worth showing, seconds)."""
    started = time.monotonic()
    if not os.access(program.path, os.X_OK):
        return Counts(0, 1, 0), f"{program.path}: the test program is missing\n", 0.0
    done, shown = {}, ""
    while True:
        before = len(done)
        status, output, running = run_once(program, done, environment, stall)
        if running:
            done[running] = "FAILED"
        elif status not in (0, 1) or (status == 1 and "FAILED" not in done.values()):
            done["(end of the program)"] = "FAILED"  # a leak, or a crash between tests
        if status != 0:
            shown += output + (f"[  FAILED  ] {running}: the process ended with status {status}\n" if running else "")
        if not running or len(done) == before:
            break
    kinds = collections.Counter(done.values())
    if not done:
        return Counts(0, 1, 0), f"{program.path}: ran no test\n{output}", time.monotonic() - started
    return Counts(kinds["OK"], kinds["FAILED"], kinds["SKIPPED"]), shown, time.monotonic() - started


def size_of(program):
    return program.path.stat().st_size if program.path.exists() else 0


def run_unit_tests(build, options):
    programs = read_programs(build, options.label, options.only)
    times_file = build / "test_seconds.json"
    times = json.loads(times_file.read_text(encoding="utf-8")) if times_file.exists() else {}
    # The longest first. A first run takes those labelled "first", then large programs, for long ones.
    programs.sort(key=lambda program: (-times.get(program.name, 0), "first" not in program.labels, -size_of(program)))
    environment = dict(os.environ, **{k: v for k, v in SANITIZER_OPTIONS.items() if options.sanitizer and k not in os.environ})
    stall = STALL_SECONDS * (3 if options.sanitizer else 1)
    total = Counts(0, 0, 0)
    with concurrent.futures.ThreadPoolExecutor(side_by_side(options)) as pool:
        running = {pool.submit(run_program, program, environment, stall): program for program in programs}
        for future in concurrent.futures.as_completed(running):
            counts, output, seconds = future.result()
            name = running[future].name
            times[name] = round(seconds, 2)
            skipped = f", {counts.skipped} skipped" if counts.skipped else ""
            print(f"{name:20} {seconds:6.1f} s  {counts.passed} passed, {counts.failed} failed{skipped}", flush=True)
            if counts.failed:
                print(output[-30000:], flush=True)
            total = Counts(*(a + b for a, b in zip(total, counts)))
    times_file.write_text(json.dumps(times, indent=1), encoding="utf-8")
    return total


def run_whole_program_tests(build, options):
    """pytest on test/; its own output shows the progress."""
    report = build / "pytest.xml"
    report.unlink(missing_ok=True)
    environment = dict(os.environ, PENSTOCK_BIN=str(build / "bin"), PYTHONDONTWRITEBYTECODE="1")
    if options.sanitizer:
        environment.update({k: v for k, v in SANITIZER_OPTIONS.items() if k not in os.environ}, PENSTOCK_SLOW="1")
    python = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
    # Debian's own packages, not those of another Python in PATH.
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rfEs", "--tb=short", f"--junitxml={report}", "test"]
    if subprocess.run([python, "-c", "import pytest_timeout"], capture_output=True, check=False).returncode == 0:
        command += [f"--timeout={E2E_TEST_SECONDS * (2 if options.sanitizer else 1)}"]
    if subprocess.run([python, "-c", "import xdist"], capture_output=True, check=False).returncode == 0:
        # Whole-program tests mostly wait for answers. A file stays together: it may share its programs.
        command += ["-n", str(side_by_side(options)), "--dist", "loadfile"]
    if options.sanitizer:
        command += ["-m", "not release_only"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    try:
        status = process.wait(E2E_SECONDS)
    except subprocess.TimeoutExpired:
        print(f"pytest took more than {E2E_SECONDS} seconds; ended")
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        return Counts(0, 1, 0)
    if status == 5:  # nothing collected
        return Counts(0, 0, 0)
    if not report.exists():
        return Counts(0, 1, 0)
    suite = xml.etree.ElementTree.parse(report).getroot().find("testsuite")
    for figures in suite.findall("testcase/properties/property[@name='figures']"):
        print(figures.get("value"))
    tests, errors, failures, skipped = (int(suite.get(k, 0)) for k in ("tests", "errors", "failures", "skipped"))
    failed = max(errors + failures, 1 if status != 0 else 0)
    return Counts(max(tests - errors - failures - skipped, 0), failed, skipped)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--sanitizer", action="store_true")
    parser.add_argument("--label")
    parser.add_argument("--only", type=lambda text: text.split(","), help="C++ test programs, separated by commas")
    options = parser.parse_args()
    build = options.build.resolve()
    started = time.monotonic()
    total = run_unit_tests(build, options)
    print(f"C++: {total.passed} passed, {total.failed} failed in {time.monotonic() - started:.0f} s", flush=True)
    if not options.label and not options.only:
        total = Counts(*(a + b for a, b in zip(total, run_whole_program_tests(build, options))))
    print(f"{total.passed} passed, {total.failed} failed" + (f", {total.skipped} skipped" if total.skipped else ""))
    return 1 if total.failed or total.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
