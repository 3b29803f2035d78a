"""Rounds of interleaved measurements, their medians, and whether the machine was quiet enough to tell."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import quantiles
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Sample = TypeVar("Sample")

TOO_NOISY = 0.1
"""Spread above which another run may well say something else."""


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of some rounds, and half the distance of their quartiles as a share of it."""

    value: float
    spread: float

    @property
    def noisy(self) -> bool:
        """True if the machine was too busy with other work for a verdict."""
        return self.spread > TOO_NOISY

    def reaches(self, bar: float) -> bool:
        """True if the threshold lies within the spread."""
        return abs(bar - self.value) < self.value * self.spread


def figure(values: Sequence[float]) -> Figure:
    """The figure of several rounds."""
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return Figure(middle, (high - low) / 2 / middle if middle else 0.0)


def ratio(ours: Sequence[float], unit: Sequence[float]) -> Figure:
    """Ours over the unit's, round by round: both saw the same disturbances."""
    return figure([mine / one for mine, one in zip(ours, unit, strict=True)])


def interleaved(cases: Mapping[str, Callable[[], Sample]], rounds: int) -> dict[str, list[Sample]]:
    """Every case once per round. The first round warms the disk's cache and is not counted."""
    taken: dict[str, list[Sample]] = {name: [] for name in cases}
    for measure in cases.values():
        measure()
    for _ in range(rounds):
        for name, measure in cases.items():
            taken[name].append(measure())
    return taken


def p99(values: Sequence[float]) -> float:
    """The value that one in a hundred exceeds."""
    return quantiles(values, n=100, method="inclusive")[98]
