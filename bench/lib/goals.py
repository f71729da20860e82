# SPDX-License-Identifier: Apache-2.0
"""What a benchmark was to reach, and whether it did."""


def judge(what, value, least=None, most=None, unit=""):
    """One goal as an object: met, or missed by which share of what was wanted. Give `least` or `most`."""
    wanted = least if least is not None else most
    met = value >= wanted if least is not None else value <= wanted
    return {"goal": f"{what} {'>=' if least is not None else '<='} {wanted:,g}{unit}", "value": value, "met": met,
            "missed_by": 0 if met else abs(value - wanted) / (wanted or 1)}


def lines(goals):
    """As a list for a result file."""
    return "\n".join(f"- goal {g['goal']}: " + ("met" if g["met"] else f"missed by {g['missed_by']:.0%}") +
                     f" ({g['value']:,.3g})" for g in goals)
