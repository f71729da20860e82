# SPDX-License-Identifier: Apache-2.0
"""Scenarios drawn at random, for `bench/shaping/run --drawn COUNT`: other limits, steps, bursts, latencies and ranges of
ours than those in scenarios/. The same number gives the same scenario."""
import math
import random

PERSONALITIES = ("gmail", "microsoft", "yahoo", "apple")
# Recipients a second that a connection carries, more or less: for shares of the mail that keep all providers busy.
CARRIED_BY_CONNECTION = 3.5


def between(rng, low, high):
    """Evenly in its logarithm."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def limits(rng, name, slowest, fastest):
    """Lines of the receiver's own limits, and what it takes in a second."""
    if name in ("microsoft", "apple"):
        connections = rng.choice((2, 3, 4, 5, 6, 8, 10, 15, 20, 30))
        return [f"connections = {connections}"], connections * CARRIED_BY_CONNECTION
    rate = between(rng, slowest, fastest)
    lines = [f'rate = "{rate:.1f}/s"']
    if name == "yahoo":
        lines.append(f"connections = {max(4, int(rate * rng.uniform(0.5, 1)))}")
        lines.append(f"messages_per_connection = {rng.choice((5, 20, 20, 50, 100))}")
    elif rng.random() < 0.6:
        lines.append(f"complaints = {rng.choice((0.0003, 0.0008, 0.001))}")
        lines.append(f"complaints_drift = {rng.choice((0, 0.3, 0.5))}")
    if rng.random() < 0.3:
        lines.append(f"burst_seconds = {rng.choice((0.5, 2, 5))}")
    return lines, rate


def ours(rng, name):
    if rng.random() < 0.3:
        return []  # the shipped ranges
    lines = ["[provider.ours]", "connections_floor = 1", f"connections_start = {rng.choice((2, 3, 5))}",
             "connections = 400", f"messages_per_connection = {rng.choice((20, 50, 100))}"]
    if name in ("gmail", "yahoo"):
        lines += ['message_rate_floor = "30/min"', f'message_rate_start = "{rng.choice((2, 5, 10))}/s"',
                  'message_rate = "1000/s"']
    return lines


def steps(rng, name):
    if rng.random() < 0.2:
        return ["[provider.random]", f'every = "{rng.choice((3, 5, 6, 10))}m"',
                f"factor_min = {rng.choice((0.4, 0.5, 0.7))}", f"factor_max = {rng.choice((1.4, 2, 2.5))}"]
    lines, at = [], 0.0
    for _ in range(rng.randint(2, 6)):
        at += rng.uniform(3, 9)
        lines += ["[[provider.step]]", f'at = "{int(at * 60)}s"']
        kind = rng.random()
        if kind < 0.08:  # for one address: where all are told to wait, so is urgent mail
            lines += [f'block = "{rng.choice((1, 3, 6))}m"', f"vmtas = [{rng.randint(0, 3)}]"]
            continue
        if kind < 0.2 and name == "gmail":
            lines.append(f"complaints = {rng.choice((0.0003, 0.001, 0.0015, 0.002))}")
        else:
            key = "rate_factor" if name in ("gmail", "yahoo") else "connection_factor"
            lines.append(f"{key} = {between(rng, 0.4, 2):.2f}")
            if rng.random() < 0.2:
                lines.append(f'ramp = "{rng.choice((30, 60, 120))}s"')
        if rng.random() < 0.25:
            lines.append(f"vmtas = {sorted(rng.sample(range(4), rng.randint(1, 3)))}")
    return lines


def scenario(number, slowest=4.0, fastest=200.0):
    """The text of one; rates of receivers that have one lie between `slowest` and `fastest`."""
    rng = random.Random(number)
    lines = [f"seed = {number}", "recipients = 1_000_000", f"vmtas = {rng.choice((4, 8, 8, 8, 12))}",
             f'transactional = "{rng.choice((4, 8, 15))}/s"', 'longest = "3h"']
    for name in PERSONALITIES:
        own, share = limits(rng, name, slowest, fastest)
        lines += ["[[provider]]", f'name = "{name}"', f'personality = "{name}"', *own, f"share = {share:.1f}",
                  f'service = "{rng.choice((50, 100, 150, 200, 300))}ms"', f'rtt = "{rng.choice((10, 30, 40, 80))}ms"']
        if rng.random() < 0.5:
            lines.append(f"spread = {rng.choice((0, 0.1, 0.3))}")
        lines += ours(rng, name) + steps(rng, name)
    return "\n".join(lines) + "\n"
