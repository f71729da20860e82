# SPDX-License-Identifier: Apache-2.0
"""tools/run_tests.py counts right, whatever becomes of a test program. Shell scripts play the programs."""
import pathlib
import subprocess
import sys

RUNNER = pathlib.Path(__file__).resolve().parents[2] / "tools" / "run_tests.py"

GOOD = 'echo "[ RUN      ] A.One"; echo noise; echo "[       OK ] A.One (0 ms)"'
SKIPPED = 'echo "[ RUN      ] A.Off"; echo "[  SKIPPED ] A.Off (0 ms)"'
BAD = 'echo "[ RUN      ] A.Two"; echo why; echo "[  FAILED  ] A.Two (0 ms)"; exit 1'
# Dies in B.Dies the first time; is run again without it.
DYING = """case "$*" in
  *B.Dies*) echo "[ RUN      ] B.After"; echo "[       OK ] B.After (0 ms)" ;;
  *) echo "[ RUN      ] B.Before"; echo "[       OK ] B.Before (0 ms)"; echo "[ RUN      ] B.Dies"; kill -9 $$ ;;
esac"""


def run(folder, **programs):
    lines = []
    for name, script in programs.items():
        path = folder / name
        if script is not None:
            path.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
            path.chmod(0o755)
        lines.append(f"{name}\t{path}\tunit\n")
    (folder / "tests.list").write_text("".join(lines), encoding="utf-8")
    done = subprocess.run([sys.executable, str(RUNNER), "--build", str(folder), "--label", "unit"], capture_output=True,
                          text=True, check=False)
    return done.returncode, done.stdout.splitlines()[-1], done.stdout


def test_passing_programs_give_status_zero(tmp_path):
    assert run(tmp_path, one=GOOD, two=SKIPPED)[:2] == (0, "1 passed, 0 failed, 1 skipped")


def test_failure_is_counted_and_shown(tmp_path):
    status, last, output = run(tmp_path, one=GOOD, two=BAD)
    assert (status, last) == (1, "1 passed, 1 failed")
    assert "why" in output and "noise" not in output


def test_program_that_dies_is_run_again_for_the_rest(tmp_path):
    status, last, output = run(tmp_path, one=DYING)
    assert (status, last) == (1, "2 passed, 1 failed")
    assert "B.Dies: the process ended with status -9" in output


def test_missing_program_is_a_failure(tmp_path):
    assert run(tmp_path, one=GOOD, two=None)[:2] == (1, "1 passed, 1 failed")


def test_program_that_fails_after_its_tests_is_a_failure(tmp_path):
    assert run(tmp_path, one=GOOD + "; exit 23")[:2] == (1, "1 passed, 1 failed")


def test_program_without_tests_is_a_failure(tmp_path):
    assert run(tmp_path, one="true")[:2] == (1, "0 passed, 1 failed")
