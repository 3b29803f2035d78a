"""The greatest value allowed for each figure, and the verdict on a measured one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bench.noise import Figure

Measured = Figure | float
Verdict = Literal["holds", "FAILS", "too noisy to tell", ""]

BARS: dict[str, float] = {
    "cold_cpu_over_boto3": 1.0,
    "cold_rss_over_boto3": 1.0,
    "chat_cold_over_boto3": 1.3,
    "readonly_package_over_warm_bytecode": 1.05,
    "warm_p50_over_assume_role_15ms": 1.15,
    "own_cpu_over_assume_role": 0.35,
    "first_ask_p50_over_assume_role": 1.45,
    "first_ask_without_iam_over_usual": 1.3,
    "iam_calls_per_credential": 0,
    "directory_run_seconds_200_changes": 30,  # of the sixty until the next run, and of its timeout of fifty
    "directory_run_peak_mb_200_changes": 256,  # of its memory of 512
    "refused_share_100000_callers": 0,
    "decision_10000_over_10": 1.5,
    "decision_first_10000_over_10": 1.5,
    "sessions_100000_over_1000": 1.3,
    "roles_10000_cpu_s": 8,  # of the function, for all 101 pages
    "roles_10000_peak_mb": 256,  # of its memory of 512
    "roles_10000_largest_page_bytes": 100_000,  # Lambda answers with 6 MB at most
    "roles_10000_unseen_cpu_s": 5,  # in one request: 512 MB have 0.3 of a CPU, and API Gateway waits 29 s
    "stale_scan_over_get_role": 0.1,
    "stale_scan_bytes_per_role": 1_000,  # its name and the digests of the catalogue; a page kept is 10,000 for each
    "package_bytes": 9_000_000,
    "throughput_not_201": 0,
    "cached_creds_cpu_over_boto3": 0.25,
    "cli_cold_cpu_over_boto3": 0.35,
}
"""By the name of the figure; those without a bar are told for their own sake."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    measured: Measured | None

    @property
    def bar(self) -> float | None:
        """The greatest value allowed, or None."""
        return BARS.get(self.name)

    @property
    def verdict(self) -> Verdict:
        """A figure that was not measured fails its bar. A noisy one tells nothing when its spread reaches the bar."""
        if self.bar is None:
            return ""
        if self.measured is None:
            return "FAILS"
        if isinstance(self.measured, Figure) and self.measured.noisy and self.measured.reaches(self.bar):
            return "too noisy to tell"
        return "holds" if value(self.measured) <= self.bar else "FAILS"

    def __str__(self) -> str:
        """Name, figure, spread, bar and verdict in columns."""
        told = "not measured" if self.measured is None else number(value(self.measured))
        spread = f"±{self.measured.spread:.0%}" if isinstance(self.measured, Figure) else ""
        bar = "" if self.bar is None else f"at most {number(self.bar)}"
        return f"{self.name:45} {told:>12} {spread:>5}  {bar:18} {self.verdict}".rstrip()


def value(measured: Measured) -> float:
    """The number alone."""
    return measured.value if isinstance(measured, Figure) else measured


def number(one: float) -> str:
    """Counts with their thousands, everything else with three places."""
    return f"{one:,}" if isinstance(one, int) else f"{one:,.3f}"
