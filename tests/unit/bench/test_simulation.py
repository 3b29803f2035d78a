"""The page about scale says what the simulation says, and the simulation behaves as its quotas demand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench import costs, simulation
from bench.simulation import SCALES, Bucket, Scale, refused_share, simulated

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
    assert simulated(COMPANY).sts.peak == simulated(COMPANY).sts.peak


def test_a_bucket_gives_what_comes_back_and_no_more() -> None:
    bucket = Bucket(2)
    assert [bucket.take(0), bucket.take(0), bucket.take(0)] == [True, True, False]
    assert [bucket.take(0.5), bucket.take(0.5)] == [True, False]
    assert [bucket.take(100, 2), bucket.take(100)] == [True, False]


def test_with_a_fresh_directory_requests_read_nothing_from_iam_and_none_is_refused() -> None:
    largest = SCALES[3]
    assert (largest.callers, simulated(largest).iam_reads, refused_share(largest)) == (100_000, 0, 0)


def test_the_directory_reads_pages_not_callers() -> None:
    assert [scale.pages for scale in SCALES[:2]] == [2, 12]
    assert Scale("any", 1_000_000, 1_000).pages == 60


def test_with_a_stale_directory_callers_are_refused_and_sts_is_spared() -> None:
    stale = replace(SCALES[3], fresh=False)
    assert refused_share(stale) > 0.5
    assert simulated(stale).sts.peak < simulated(SCALES[3]).sts.peak


def test_the_bill_counts_the_alarms_and_copies_there_are() -> None:
    files = (CHECKOUT / ".chalice" / name for name in ("resources.json", "resources-aws.json"))
    resources = {name: one for file in files for name, one in json.loads(file.read_text())["Resources"].items()}
    alarms = [one["Properties"] for one in resources.values() if one.get("Type") == "AWS::CloudWatch::Alarm"]
    indexes = resources["Table"]["Properties"]["GlobalSecondaryIndexes"]
    assert sum(sum("MetricStat" in one for one in alarm.get("Metrics", ())) or 1 for alarm in alarms) == costs.ALARMS
    assert [one.get("Type") for one in resources.values()].count("AWS::CloudWatch::Dashboard") == costs.DASHBOARDS
    assert 1 + len(indexes) == costs.COPIES
