"""Messages that were posted, and where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands: Slack's channel and timestamp name it."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Posting:
    """A message that stands somewhere, and which version of its subject it shows."""

    place: Place
    version: str
