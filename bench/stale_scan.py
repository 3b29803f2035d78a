"""Looking at 5,000 roles in bulk against one GetRole per role; and what a role adds to the memory of a look.

`python -m bench.stale_scan` prints the figures. Both sides use the product's
own client settings against the same canned IAM, in turns. Of the 5,000 calls
of GetRole a share is made and the time of all is reckoned from it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tracemalloc
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import botocore.session

from bench.noise import Figure, interleaved, ratio
from bench.processes import CHECKOUT
from bench.stale_scan_aws import BOUNDARY, TAGS
from chalicelib.cleanup.aws.account_roles import IamRoleInventory
from chalicelib.cleanup.domain.facts import NO_SIGNS, MemberLook, Signs
from chalicelib.cleanup.domain.staleness import Ours
from chalicelib.cleanup.services.scan import AccountScan
from chalicelib.core.domain.roles import DEPLOYMENT_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from chalicelib.cleanup.domain.marks import Mark
    from chalicelib.cleanup.domain.report import Sight

ROLES = 5_000
FEW_ROLES = 2_000
"""Ten pages: one is held while the next is read, in this look as in the longer one."""

DELAY_MS = 15
SHARE = 50
"""One GetRole of so many is made."""

ROUNDS = 5
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class CatalogueAlone:
    """A table of no rows but those of roles, as the provisioner left them: a new copy for every look."""

    def __init__(self, iam: Any) -> None:
        self._applied = json.dumps({role.name: dict(role.fingerprint) for role in IamRoleInventory(iam).every()})

    def every(self) -> list[Mark]:
        """No marks."""
        return []

    def get(self, _role: str) -> Mark | None:
        """No mark."""
        return None

    def of(self, _role: str, _now: datetime) -> Signs:
        """No signs of life."""
        return NO_SIGNS

    def fingerprints(self) -> Mapping[str, Mapping[str, str]]:
        """Of every role, just what IAM shows."""
        applied: dict[str, dict[str, str]] = json.loads(self._applied)
        return applied

    def save(self, *_: object) -> None:
        """Nothing is saved."""

    forget = record_run = save


def measure(rounds: int = ROUNDS) -> dict[str, Figure | float]:
    """The ratios, for bench/results.json."""
    return {
        "stale_scan_over_get_role": _times(DELAY_MS, rounds),
        "stale_scan_over_get_role_without_latency": _times(0, rounds),
        "stale_scan_bytes_per_role": (_peak(ROLES) - _peak(FEW_ROLES)) / (ROLES - FEW_ROLES),
    }


def _times(delay_ms: float, rounds: int) -> Figure:
    with canned_iam(ROLES, delay_ms) as iam:
        table = CatalogueAlone(iam)
        scan = lambda: _seconds(lambda: look(iam, table))  # noqa: E731  two measures side by side
        single = lambda: _seconds(lambda: get_roles(iam)) * SHARE  # noqa: E731
        taken = interleaved({"scan": scan, "single": single}, rounds)
    return ratio(taken["scan"], taken["single"])


class OfOneAccount(IamRoleInventory):
    """The roles of an account whose broker has no member accounts."""

    def of_members(self, _names: Iterable[str]) -> Iterator[MemberLook]:
        """None."""
        return iter(())


def look(iam: Any, table: CatalogueAlone) -> Sight:
    """The daily scan of clean-up."""
    ours = Ours(TAGS[DEPLOYMENT_TAG], BOUNDARY)
    looking = AccountScan(roles=OfOneAccount(iam), signs=table, marks=table, applied=table, ours=ours)
    sight = looking.look(NOW)
    if not sight.complete or sight.alive["used"] != sight.ours or sight.drift:
        raise RuntimeError(f"expected every role in use and as applied, found {sight.alive} of {sight.ours}")
    return sight


def get_roles(iam: Any) -> None:
    """The alternative with ListRoles alone: one GetRole per role."""
    for number in range(0, ROLES, SHARE):
        iam.get_role(RoleName=f"role-{number}")


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _peak(roles: int) -> float:
    """The most memory that one look holds, in bytes."""
    with canned_iam(roles, 0) as iam:
        table = CatalogueAlone(iam)
        look(iam, table)  # what the first call makes and keeps is not counted
        tracemalloc.start()
        look(iam, table)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return float(peak)


@contextmanager
def canned_iam(roles: int, delay_ms: float) -> Iterator[Any]:
    """A client of a canned IAM in a process of its own."""
    command = [sys.executable, "-m", "bench.stale_scan_aws", str(roles), str(delay_ms)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin and server.stdout  # noqa: S101, PT018  they are pipes
        session = botocore.session.get_session()
        session.set_credentials("canned", "canned")
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        try:
            yield session.create_client("iam", "us-east-1", endpoint_url=url)
        finally:
            server.stdin.close()


def _plain(figures: Mapping[str, Figure | float]) -> dict[str, float]:
    return {name: round(one.value if isinstance(one, Figure) else one, 4) for name, one in figures.items()}


if __name__ == "__main__":
    print(json.dumps(_plain(measure()), indent=2))
