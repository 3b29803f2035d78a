"""Tidying: other entries whose time is over, and users that a person should look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from chalicelib.cleanup.domain.report import Failure, Tidied
from chalicelib.core.domain.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Protocol

    from chalicelib.cleanup.domain.users import UserFacts
    from chalicelib.core.services.provisioner import Provisioner

    class AccountUsers(Protocol):
        """Users under our path, as IAM's credential report tells of them."""

        def every(self, *, patient: bool) -> Iterable[UserFacts]:
            """All of them; AwsUnavailable while IAM prepares the report, which `patient` waits for longer."""
            ...

    class Lapses(Protocol):
        """Requests without a decision in time, and grants that ran out."""

        def run(self) -> tuple[int, int]:
            """Write down what is over: how many requests, how many grants."""
            ...


Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidier:
    """None of it keeps roles from being cleaned up: what fails is said, and tried again by the next run."""

    provisioner: Provisioner
    lapses: Lapses
    people: AccountUsers

    def tidy(self) -> tuple[Tidied, tuple[Failure, ...]]:
        """Expired revocation entries leave the policies, requests and grants past their end are written down."""
        failures: list[Failure] = []
        pruned = _tried("pruning revocations", self._prune, 0, failures)
        requests, grants = _tried("requests and grants past their end", self.lapses.run, (0, 0), failures)
        return Tidied(pruned, requests, grants), tuple(failures)

    def users(self, *, patient: bool) -> tuple[tuple[UserFacts, ...], tuple[Failure, ...]]:
        """The deployment's users, or why they cannot be read. `patient` if no caller waits for the answer."""
        failures: list[Failure] = []
        nothing: tuple[UserFacts, ...] = ()
        found = _tried("IAM's credential report", lambda: tuple(self.people.every(patient=patient)), nothing, failures)
        return found, tuple(failures)

    def _prune(self) -> int:
        return len(self.provisioner.order({"action": "prune_revocations"})["changed"])


def _tried(what: str, call: Callable[[], Result], otherwise: Result, failures: list[Failure]) -> Result:
    try:
        return call()
    except BrokerError as error:
        failures.append(Failure("", f"{what}: {error.detail}"))
        return otherwise
