"""The page about scale says what the simulation says, and the simulation behaves as its quotas demand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from bench import costs, simulation
from bench.simulation import SCALES, Bucket, Container, Scale, simulated
from chalicelib.access.wiring import CACHE_SECONDS

CHECKOUT = Path(__file__).resolve().parents[3]
PAGE = (CHECKOUT / "docs" / "scale.md").read_text()
COMPANY = SCALES[1]


@pytest.mark.parametrize(
    "table",
    [simulation.table, lambda: costs.table(costs.of_a_million()), lambda: costs.table(costs.idle())],
    ids=["simulation", "a million", "idle"],
)
def test_the_page_holds_the_table_as_it_is_printed(table) -> None:
    assert f"\n{table()}\n" in PAGE


def test_the_same_seed_tells_the_same_story() -> None:
    assert simulated(COMPANY).iam_reads == simulated(COMPANY).iam_reads


def test_the_simulation_remembers_as_long_as_the_product_does() -> None:
    assert simulation.CACHE_SECONDS == CACHE_SECONDS
    container = Container(known={"alice": 100.0})
    assert container.knows("alice", 159.9)
    assert not container.knows("alice", 160.0)
    assert not container.knows("bob", 100.0)


def test_a_bucket_gives_what_comes_back_and_no_more() -> None:
    bucket = Bucket(2)
    assert [bucket.take(0), bucket.take(0), bucket.take(0)] == [True, True, False]
    assert [bucket.take(0.5), bucket.take(0.5)] == [True, False]
    assert [bucket.take(100, 2), bucket.take(100)] == [True, False]


def test_few_callers_who_ask_often_are_read_from_iam_once_a_minute() -> None:
    eager = simulated(Scale("eager", 1, 1))
    assert eager.iam_reads <= 2 * eager.requests
    busy = simulation.Region(Random(1), Bucket(20))  # noqa: S311  arrivals
    for second in range(120):
        busy.serve(float(second), "alice", "role")
    assert busy.iam_reads == 4
    assert (busy.cold, busy.refused) == (1, 0)


def test_without_room_in_iam_callers_are_refused_and_sts_is_spared() -> None:
    starved = simulated(replace(COMPANY, iam_per_second=0.1))
    assert starved.refused > starved.requests / 2
    assert starved.sts.peak < simulated(COMPANY).sts.peak


def test_the_bill_counts_the_alarms_and_copies_there_are() -> None:
    files = (CHECKOUT / ".chalice" / name for name in ("resources.json", "resources-aws.json"))
    resources = {name: one for file in files for name, one in json.loads(file.read_text())["Resources"].items()}
    alarms = [one["Properties"] for one in resources.values() if one.get("Type") == "AWS::CloudWatch::Alarm"]
    indexes = resources["Table"]["Properties"]["GlobalSecondaryIndexes"]
    assert sum(sum("MetricStat" in one for one in alarm.get("Metrics", ())) or 1 for alarm in alarms) == costs.ALARMS
    assert [one.get("Type") for one in resources.values()].count("AWS::CloudWatch::Dashboard") == costs.DASHBOARDS
    assert 1 + len(indexes) == costs.COPIES
