"""`make bench`: measure the package, print a table, write bench/results.json."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import packer
from bench import cold, warm
from bench.noise import Figure
from bench.processes import BENCH
from bench.trees import unpacked

ROUNDS = 11
RESULTS = BENCH / "results.json"

WANTED = (
    "cold_cpu_over_boto3", "cold_rss_over_boto3", "chat_cold_over_boto3", "readonly_package_over_warm_bytecode",
    "warm_p50_over_assume_role_15ms", "own_cpu_over_assume_role", "decision_10000_over_10",
    "sessions_100000_over_1000", "stale_scan_over_get_role", "package_bytes", "throughput_per_second", "p99_ms",
)  # fmt: skip
"""The keys that contract.md names; one that nothing measures yet is null, and the table says so."""


def main() -> None:
    """Pack, unpack, measure, tell."""
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        package = packer.build("dev", scratch / "package")
        trees = unpacked(package.zip, package.template, scratch)
        figures: dict[str, Figure | float] = {"package_bytes": package.zip.stat().st_size}
        figures |= cold.measure(trees, scratch, ROUNDS)
        figures |= warm.measure(trees, scratch, ROUNDS)
    for name in (*WANTED, *sorted(figures.keys() - set(WANTED))):
        print(f"{name:45} {told(figures.get(name))}")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs, {ROUNDS} interleaved rounds")
    plain = {name: plainly(figures.get(name)) for name in {**dict.fromkeys(WANTED), **figures}}
    RESULTS.write_text(json.dumps(plain, indent=2) + "\n")


def told(figure: Figure | float | None) -> str:
    """One cell of the table."""
    if figure is None:
        return "not measured"
    if isinstance(figure, Figure):
        doubt = "  the machine was too noisy to tell" if figure.noisy else ""
        return f"{figure.value:10.3f} ±{figure.spread:.0%}{doubt}"
    return f"{figure:10,}" if isinstance(figure, int) else f"{figure:10.3f}"


def plainly(figure: Figure | float | None) -> float | None:
    """The number alone, for programs."""
    return round(figure.value, 4) if isinstance(figure, Figure) else figure


if __name__ == "__main__":
    main()
