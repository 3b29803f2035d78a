"""`make bench`: measure, print one table with bars and verdicts, write bench/results.json.

`python -m bench NAME...` measures some of it and writes nothing. The exit
status is 1 where a bar does not hold or the machine was too noisy to tell.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import lambda_package
from bench import (
    chat_cold,
    client,
    cold,
    decisions,
    first_ask,
    roles_listing,
    sessions_listing,
    stale_scan,
    throughput,
    warm,
)
from bench.processes import BENCH
from bench.thresholds import BARS, Row, value
from bench.trees import Trees, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.thresholds import Measured

ROUNDS = 11
RESULTS = BENCH / "results.json"

CONTRACT = (
    "cold_cpu_over_boto3", "cold_rss_over_boto3", "chat_cold_over_boto3", "readonly_package_over_warm_bytecode",
    "warm_p50_over_assume_role_15ms", "own_cpu_over_assume_role", "decision_10000_over_10",
    "sessions_100000_over_1000", "stale_scan_over_get_role", "package_bytes", "throughput_per_second", "p99_ms",
    "first_ask_p50_over_assume_role", "iam_calls_per_credential", "directory_iam_calls_per_minute_5000_users",
    "refused_share_100000_callers", "cached_creds_cpu_over_boto3", "cli_cold_cpu_over_boto3",
)  # fmt: skip
"""The keys that every results.json has, in their order."""


@dataclass(frozen=True)
class Ground:
    """The shared ground of the benchmarks. The package is made and unpacked at first use."""

    scratch: Path

    @cached_property
    def package(self) -> lambda_package.Package:
        """The package of this checkout, for this machine."""
        return lambda_package.build("dev", self.scratch / "package", lambda_package.of_this_machine())

    @cached_property
    def trees(self) -> Trees:
        """The package unpacked, read-only and with warm bytecode."""
        return unpacked(self.package.zip, self.package.template, self.scratch)


BENCHMARKS: dict[str, Callable[[Ground], Mapping[str, Measured]]] = {
    "package": lambda ground: {"package_bytes": ground.package.zip.stat().st_size},
    "cold": lambda ground: cold.measure(ground.trees, ground.scratch, ROUNDS),
    "chat_cold": lambda ground: chat_cold.measure(ground.trees, ground.scratch, ROUNDS),
    "warm": lambda ground: warm.measure(ground.trees, ground.scratch, ROUNDS),
    "first_ask": lambda ground: first_ask.measure(ground.trees, ground.scratch, ROUNDS),
    "client": lambda ground: client.measure(ground.scratch, ROUNDS),
    "decisions": lambda _: decisions.measure(ROUNDS),
    "stale_scan": lambda _: stale_scan.measure(),
    "sessions_listing": lambda _: sessions_listing.measure(),
    "roles_listing": lambda _: roles_listing.measure(),
    "throughput": lambda _: throughput.measure(),
}


def main(names: list[str]) -> int:
    """Measure what is named, or everything."""
    if unknown := sorted(set(names) - BENCHMARKS.keys()):
        sys.stderr.write(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}\n")
        return 2
    figures = measured(names or list(BENCHMARKS))
    rows = [Row(name, figures.get(name)) for name in ordered(figures, whole=not names)]
    print("", *rows, sep="\n")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs; medians of interleaved rounds")
    if not names:
        RESULTS.write_text(json.dumps({name: plain(one) for name, one in figures.items()}, indent=2) + "\n")
    return int(any(row.verdict not in {"", "holds"} for row in rows))


def measured(names: list[str]) -> dict[str, Measured]:
    """All figures, those of the contract first."""
    figures: dict[str, Measured] = {}
    with tempfile.TemporaryDirectory() as directory:
        ground = Ground(Path(directory))
        for name in names:
            began = time.monotonic()
            figures |= BENCHMARKS[name](ground)
            print(f"-> {name} took {time.monotonic() - began:.0f} s", flush=True)
    return {name: figures[name] for name in ordered(figures, whole=False)}


def ordered(figures: Mapping[str, Measured], *, whole: bool) -> list[str]:
    """Names in the order of the table; of the whole, with those that were not measured."""
    first = [name for name in dict.fromkeys((*CONTRACT, *BARS)) if whole or name in figures]
    return [*first, *sorted(figures.keys() - set(first))]


def plain(measured: Measured) -> float:
    """The number alone, for programs."""
    number = value(measured)
    return number if isinstance(number, int) else round(number, 4)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
