"""Limits of one person's requests: how many wait at once, and how many are filed within ten minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.core.domain import ids
from chalicelib.core.domain.errors import BrokerError, Conflict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from chalicelib.core.domain.callers import Caller

MAX_WAITING = 50
"""Requests of one person that wait at once."""

MOST_AT_ONCE = 10
"""Requests that are filed and decided together."""

MAX_FILED = 60
"""Requests that one person files within WINDOW: each makes notices, and so does each cancellation."""

WINDOW = timedelta(minutes=10)

SSO_ROLE = "AWSReservedSSO_"
"""Identity Center sets the session name of these roles, so it names a person."""


class Crowded(Conflict):
    """Too many of one person's requests wait."""


class FiledTooOften(BrokerError):
    """One person filed too many requests within a short time."""

    code = "too_many_requests"


class FiledMeanwhile(Conflict):
    """Another request of the same person was filed in the same moment."""


@dataclass(frozen=True, slots=True)
class Filings:
    """Requests of one person that may count against the limits, oldest first. `version` counts writes."""

    person: str
    ids: tuple[str, ...] = ()
    version: int = 0

    def check_rate(self, now: datetime) -> None:
        """FiledTooOften if the person filed MAX_FILED requests within WINDOW."""
        if len(self._recent(now)) >= MAX_FILED:
            minutes = WINDOW // timedelta(minutes=1)
            raise FiledTooOften(f"This person filed {MAX_FILED} requests within {minutes} minutes. Wait some minutes.")

    def adding(self, ids_filed: Sequence[str], waiting: Iterable[str], now: datetime) -> Filings:
        """With these requests more; Crowded if more than MAX_WAITING would wait then."""
        still = set(waiting)
        if len(still) + len(ids_filed) > MAX_WAITING:
            raise Crowded(f"{len(still)} requests of this person wait already. Cancel some, or wait for answers.")
        kept = sorted({*still, *self._recent(now), *ids_filed})
        return Filings(self.person, tuple(kept), self.version + 1)

    def _recent(self, now: datetime) -> list[str]:
        oldest = ids.earliest(now - WINDOW)
        return [one for one in self.ids if one >= oldest]


def person_of(caller: Caller) -> str:
    """The key of a person: the user's id, or the role for sessions, whose names their holder may choose."""
    from chalicelib.approvals.domain.approvals import principal_id  # noqa: PLC0415  who closes requests needs no rules

    role, _, session = caller.unique_id.partition(":")
    return f"{role}:{session}" if caller.name.startswith(SSO_ROLE) else principal_id(caller.unique_id)
