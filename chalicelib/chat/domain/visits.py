"""Requests that Slack sends, and the people behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.core.domain.callers import Caller


@dataclass(frozen=True, slots=True)
class Visit:
    """One verified request of Slack's, as the webhook handed it on. `id` is a digest of its signature."""

    id: str
    kind: str
    body: str
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Linked:
    """An IAM user and their place in the chat, TEAM/USER."""

    caller: Caller
    handle: str
