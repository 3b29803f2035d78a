"""What the table says of a figure, and the budget gate of a package."""

from __future__ import annotations

import json

import pytest

from bench.__main__ import BENCHMARKS, CONTRACT, ordered, plain
from bench.budgets import BUDGETS, passed
from bench.noise import Figure
from bench.thresholds import BARS, Row
from bench.throughput import Taken, figures
from tests.wording import names

CPU = "cold_cpu_over_boto3"


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (Figure(0.99, 0.05), "holds"),
        (Figure(0.99, 0.5), "too noisy to tell"),
        (Figure(0.6, 0.5), "holds"),
        (Figure(3.0, 0.5), "FAILS"),
        (Figure(1.01, 0.01), "FAILS"),
        (Figure(1.01, 0.11), "too noisy to tell"),
        (1.01, "FAILS"),
        (None, "FAILS"),
    ],
)
def test_a_figure_holds_or_fails_unless_nobody_could_tell(measured: Figure | float | None, verdict: str) -> None:
    assert Row(CPU, measured).verdict == verdict


def test_a_figure_without_a_bar_is_only_told() -> None:
    assert Row("boto3_modules", 10_000).verdict == ""
    assert str(Row("boto3_modules", 10_000)).split() == ["boto3_modules", "10,000"]


def test_a_line_shows_figure_spread_bar_and_verdict() -> None:
    assert str(Row(CPU, Figure(0.9, 0.03))).split() == [CPU, "0.900", "±3%", "at", "most", "1.000", "holds"]


def test_the_table_begins_with_the_contract_and_shows_what_nobody_measured() -> None:
    names = ordered({"zebra": 1.0, CPU: 1.0}, whole=True)
    assert names[: len(CONTRACT)] == list(CONTRACT)
    assert names[-1] == "zebra"
    assert BARS.keys() <= set(names)
    assert ordered({"zebra": 1.0, CPU: 1.0}, whole=False) == [CPU, "zebra"]


def test_results_are_plain_numbers() -> None:
    assert json.dumps([plain(7), plain(Figure(0.123456, 0.1))]) == "[7, 0.1235]"


def test_every_benchmark_has_a_name_for_the_command_line() -> None:
    assert set(BENCHMARKS) == {
        "package", "cold", "chat_cold", "warm", "first_ask", "decisions", "stale_scan", "sessions_listing",
        "roles_listing", "throughput", "client",
    }  # fmt: skip


def test_a_broken_answer_is_counted_and_not_taken_for_throughput() -> None:
    answers = [Taken(0.1, 201, "a"), Taken(0.2, 503, ""), Taken(0.3, 429, "")]
    told = figures(answers, elapsed=2)
    assert told["throughput_per_second"] == 0.5
    assert (told["throughput_5xx"], told["throughput_not_201"]) == (1, 2)


def test_budgets_name_what_passes_them_and_what_has_none() -> None:
    budgets = {"package_bytes": {"at_most": 10}, "modules": {"audit": {"at_most": 5}}}
    assert list(passed(budgets, 10, {"audit": 5})) == []
    package, audit, new = passed(budgets, 11, {"audit": 7, "new": 3})
    assert names(package, "package", "11", "1")
    assert names(audit, "audit", "7", "2")
    assert names(new, "new", "3")


def test_every_budget_says_why() -> None:
    budgets = json.loads(BUDGETS.read_text())
    assert all(len(one["why"]) > 20 for one in (budgets["package_bytes"], *budgets["modules"].values()))
