"""Tidying: what else is past its end, and users that somebody should look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from chalicelib.domain.cleanup_report import Failure, Tidied, UserFinding
from chalicelib.domain.errors import BrokerError
from chalicelib.domain.staleness_users import findings

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chalicelib.domain.cleanup_ports import AccountUsers, Lapses
    from chalicelib.domain.provisioning_ports import Provisioner
    from chalicelib.domain.staleness_terms import Terms

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidying:
    """None of it keeps roles from being cleaned up: what fails is said, and tried again by the next run."""

    provisioner: Provisioner
    lapses: Lapses
    people: AccountUsers
    terms: Terms

    def tidy(self) -> tuple[Tidied, tuple[Failure, ...]]:
        """Expired revocation entries leave the policies, requests and grants past their end are written down."""
        failures: list[Failure] = []
        pruned = _tried("pruning revocations", self._prune, 0, failures)
        requests, grants = _tried("requests and grants past their end", self.lapses.run, (0, 0), failures)
        return Tidied(pruned, requests, grants), tuple(failures)

    def look(self, now: datetime, *, patient: bool) -> tuple[tuple[UserFinding, ...], tuple[Failure, ...]]:
        """Users of ours that never signed in, and keys that nobody uses; `patient` where nobody waits for it."""
        failures: list[Failure] = []
        nothing: tuple[UserFinding, ...] = ()
        found = _tried("IAM's credential report", lambda: self._findings(now, patient=patient), nothing, failures)
        return found, tuple(failures)

    def _prune(self) -> int:
        return len(self.provisioner.order({"action": "prune_revocations"})["changed"])

    def _findings(self, now: datetime, *, patient: bool) -> tuple[UserFinding, ...]:
        users = self.people.every(patient=patient)
        return tuple(finding for user in users for finding in findings(user, self.terms, now))


def _tried(what: str, call: Callable[[], Result], otherwise: Result, failures: list[Failure]) -> Result:
    try:
        return call()
    except BrokerError as error:
        failures.append(Failure("", f"{what}: {error.detail}"))
        return otherwise
