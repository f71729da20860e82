# SPDX-License-Identifier: Apache-2.0
"""Hidden limits of a penstock-sim scenario over time, and what is judged by them. Pure.

Rates are messages per second. The simulator's own report counts a source's limits from its first to its last message
only; here they count all the time, so that a sender who stays away is not excused.
"""
import dataclasses
import math
import re
import tomllib

UNITS = {"ms": 0.001, "s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}
WINDOW = 10  # seconds that have to be good before a step counts as settled


def seconds_of(text):
    number, unit = re.fullmatch(r"([\d.]+)\s*([a-z]+)", text).groups()
    return float(number) * UNITS[unit]


def rate_of(text):
    count, unit = text.split("/")
    return float(count) / UNITS[unit]


@dataclasses.dataclass
class Change:
    at: float
    over: float
    source: str
    value: float


class Hidden:
    """The limits of one personality."""

    def __init__(self, name, table, timeline):
        self.name = name
        self.start = {"rate": rate_of(table["rate"]), "complaint_share": table.get("complaint_share", 0.0),
                      "connections": table.get("connections", 0)}
        self.complaint_low = table.get("complaint_low", 0.001)
        self.complaint_high = table.get("complaint_high", 0.003)
        self.changes = {key: [] for key in self.start}
        self.steps = []  # seconds at which a change for all sources is over
        for entry in sorted(timeline, key=lambda entry: seconds_of(entry["at"])):
            if entry["personality"] != name:
                continue
            at, over = seconds_of(entry["at"]), seconds_of(entry.get("over", "0s"))
            for key in self.start.keys() & entry.keys():
                value = rate_of(entry[key]) if key == "rate" else entry[key]
                self.changes[key].append(Change(at, over, entry.get("source", ""), value))
            if "source" not in entry:
                self.steps.append(at + over)

    def value(self, key, source, now):
        """Later changes go on from what an earlier one had reached."""
        value, moving = self.start[key], None

        def reached(when):
            if moving is None:
                return value
            before, change = moving
            part = 1 if change.over == 0 else min(1, (when - change.at) / change.over)
            return before + (change.value - before) * part

        for change in self.changes[key]:
            if change.at > now:
                break
            if change.source in ("", source):
                value = reached(change.at)
                moving = value, change
        return reached(now)

    def allowed(self, source, now):
        rate, complaints = self.value("rate", source, now), self.value("complaint_share", source, now)
        if complaints <= self.complaint_low:
            return rate
        part = (complaints - self.complaint_low) / (self.complaint_high - self.complaint_low)
        return rate * max(0.1, 1 - 0.9 * part)

    def allowed_by_second(self, sources, seconds):
        return [sum(self.allowed(source, second + 0.5) for source in sources) for second in range(seconds)]


def load(path):
    """All personalities of a scenario, by name."""
    with open(path, "rb") as file:
        scenario = tomllib.load(file)
    return {name: Hidden(name, table, scenario.get("timeline", []))
            for name, table in scenario["personality"].items()}


def goodput(allowed, taken, mail):
    """(taken, allowed), summed over the seconds in which more than three seconds' worth of the `mail` still waited."""
    counted, possible, left = 0, 0.0, mail
    for may, did in zip(allowed, taken):
        if left > 3 * may:
            counted += did
            possible += may
        left -= did
    return counted, possible


def settle(allowed, taken, refused, begin, end):
    """Seconds from `begin` until ten seconds follow in which nine tenths of what is allowed was taken and no more than
    2 % refused; None if that does not come before `end`."""
    first = math.ceil(begin)
    for at in range(first, int(end) - WINDOW + 1):
        may, did, not_ = (sum(row[at:at + WINDOW]) for row in (allowed, taken, refused))
        if did + 1 >= 0.9 * may and not_ <= max(1, 0.02 * (did + not_)):
            return at - begin
    return None


def percentile(values, share):
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
