# SPDX-License-Identifier: Apache-2.0
"""What bench/shaping/realtime.py judges by: hidden limits over time, goodput, settling."""
import pathlib
import sys

import pytest

SHAPING = pathlib.Path(__file__).resolve().parents[2] / "bench" / "shaping"
sys.path.insert(0, str(SHAPING))
import hidden  # noqa: E402

TABLE = {"rate": "20/s", "complaint_share": 0.001}
TIMELINE = [{"at": "10s", "personality": "p", "rate": "10/s"},
            {"at": "20s", "over": "10s", "personality": "p", "rate": "30/s"},
            {"at": "25s", "over": "10s", "personality": "p", "rate": "60/s"},
            {"at": "1min", "personality": "p", "source": "b", "complaint_share": 0.002},
            {"at": "5s", "personality": "other", "rate": "1/s"}]


@pytest.fixture(name="limits")
def fixture_limits():
    return hidden.Hidden("p", TABLE, TIMELINE)


@pytest.mark.parametrize("now, rate", [(0, 20), (9.9, 20), (10, 10), (20, 10), (22.5, 15), (25, 20), (30, 40), (99, 60)])
def test_changes_go_on_from_what_was_reached(limits, now, rate):
    assert limits.allowed("a", now) == pytest.approx(rate)


def test_complaints_about_a_source_lower_its_rate_alone(limits):
    assert limits.allowed("a", 60) == 60
    assert limits.allowed("b", 60) == pytest.approx(60 * (1 - 0.9 / 2))
    assert limits.allowed_by_second(["a", "b"], 2) == [40, 40]


def test_steps_are_changes_for_all_sources_when_they_are_over(limits):
    assert limits.steps == [10, 30, 35]


def test_goodput_counts_while_mail_waits():
    assert hidden.goodput([10] * 6, [10, 5, 10, 10, 0, 0], 50) == (25, 30)


def test_settled_once_ten_seconds_are_good():
    allowed = [10] * 40
    taken = [10] * 10 + [2] * 7 + [10] * 23
    assert hidden.settle(allowed, taken, [0] * 40, 10, 40) == 6
    assert hidden.settle(allowed, taken, [0] * 20 + [5] * 20, 10, 40) is None
    assert hidden.settle(allowed, taken, [0] * 40, 10, 20) is None


def test_scenario_of_the_benchmark_is_read():
    limits = hidden.load(SHAPING / "realtime.toml")
    assert set(limits) == {"gmail", "microsoft", "yahoo", "apple"}
    assert all(one.steps for one in limits.values())
