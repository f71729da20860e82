# SPDX-License-Identifier: Apache-2.0
"""Processes under measurement: exact CPU of a whole tree, peak memory, and a clean end."""
import ctypes
import os
import signal
import subprocess
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")
PR_SET_CHILD_SUBREAPER = 36


def _stat(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        text = file.read()
    fields = text[text.rindex(")") + 2:].split()
    return {"parent": int(fields[1]), "own": int(fields[11]) + int(fields[12]),
            "reaped": int(fields[13]) + int(fields[14])}


def tree(root):
    """Pids of `root` and all its live descendants."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parents.setdefault(_stat(name)["parent"], []).append(int(name))
            except (OSError, ValueError):
                continue
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += parents.get(pid, [])
    return found


def cpu_seconds(root):
    """CPU used by the tree so far, children already gone included (root must be a subreaper for daemons)."""
    total = 0
    for pid in tree(root):
        try:
            stat = _stat(pid)
        except OSError:
            continue
        total += stat["own"] + stat["reaped"]
    return total / TICKS


def memory_mib(root):
    """Proportional set size of the tree."""
    total = 0
    for pid in tree(root):
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except OSError:
            continue
    return total / 1024


def rss_bytes(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def spawn_subreaper(command, **options):
    """Starts `command` below a process that adopts its daemons, so that no CPU of theirs escapes the count."""
    pid = os.fork()
    if pid:
        return pid
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    subprocess.Popen(command, **options)  # pylint: disable=consider-using-with
    while True:
        try:
            os.wait()
        except ChildProcessError:
            os._exit(0)


class PeakMemory:
    """Samples the memory of a tree until stopped."""

    def __init__(self, root):
        self.root, self.peak, self._stop = root, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.wait(0.5):
            self.peak = max(self.peak, memory_mib(self.root))

    def stop(self):
        self._stop.set()
        self._thread.join()
        return max(self.peak, memory_mib(self.root))


def stop(process, seconds=10):
    """Ends one process that we started."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until(condition, seconds, what):
    """Polls; the benchmark has no event to wait for in a foreign program."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.02)
    raise RuntimeError(f"waited {seconds} s in vain for {what}")
