"""Many accounts: a plan of 1,000 accounts with 10 roles each, the registry and clean-up.

`python -m bench.accounts` prints the figures of docs/scale.md. The accounts
are canned answers, so what is measured is the broker's and the client's own
CPU; the waiting is reckoned from the calls and STATED.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.credentials import Credentials

from access_broker.http.broker import Broker
from access_broker.http.signing import Signer
from access_broker.http.transport import Transport
from access_broker.roles.accounts import targets
from access_broker.roles.side_by_side import AT_ONCE, side_by_side
from access_broker.roles.templates import Template
from bench.processes import canned_aws
from chalicelib.accounts.domain.registry import Listed, Organization
from chalicelib.accounts.services.sync import RegistrySync
from chalicelib.accounts.wiring import LOOKED_AT_ONCE
from chalicelib.cleanup.aws.member_roles import RolesOfAccounts
from chalicelib.cleanup.domain.facts import NO_SIGNS, Signs
from chalicelib.cleanup.domain.staleness import Ours
from chalicelib.cleanup.services.scan import AccountScan
from chalicelib.core.aws.clients import client_with
from chalicelib.core.domain.roles import DEPLOYMENT_TAG, MANAGED_TAG, Account
from chalicelib.core.domain.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from access_broker.roles.side_by_side import Outcome

ACCOUNTS, ROLES = 1_000, 10
HOME = "123456789012"
NUMBERS = tuple(str(100_000_000_000 + number) for number in range(ACCOUNTS))
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BOUNDARY = f"arn:aws:iam::{HOME}:policy/access-broker/bench-boundary"
TAGS = {MANAGED_TAG: "true", DEPLOYMENT_TAG: "bench"}

STATED = {"iam_ms": 60, "sts_ms": 60, "provision_ms": 500}
"""One call to IAM, one AssumeRole in another account, one plan of a role there (six calls to IAM and the way there)."""


def measure() -> dict[str, float]:
    """CPU seconds of each, and the seconds that it takes with the waiting."""
    figures = {
        "plan_client_cpu_s": _cpu(plan),
        "registry_cpu_s": _cpu(registry),
        "cleanup_look_cpu_s": _cpu(cleanup_look),
    }
    waiting = {
        "plan_s": ACCOUNTS * ROLES * STATED["provision_ms"] / AT_ONCE / 1000,
        "registry_s": ACCOUNTS * STATED["sts_ms"] / LOOKED_AT_ONCE / 1000,
        "cleanup_look_s": ACCOUNTS * (STATED["sts_ms"] + ROLES * 6 * STATED["iam_ms"]) / LOOKED_AT_ONCE / 1000,
    }
    return {name: round(value, 2) for name, value in {**figures, **waiting}.items()}


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


class CannedBroker:
    """The accounts, in pages' order, as GET /v1/accounts answers them."""

    def items(self, _name: str, *_path: str) -> list[dict[str, Any]]:
        """All of them."""
        common = {"alias": "", "state": "joined", "ou_path": "/Work", "tags": {"env": "prod"}, "reason": ""}
        return [{"id": number, **common} for number in NUMBERS]


class CannedConnection:
    """The client's connection, as far as the choice of accounts needs it."""

    broker = CannedBroker()


def plan() -> int:
    """The client's part of `broker roles plan` with ten templates for `*`: signed, over HTTP."""
    templates = [Template(Path("t.yaml"), {"name": f"role-{number}"}, {}, ("*",)) for number in range(ROLES)]
    wanted, failed = targets(CannedConnection(), templates)  # type: ignore[arg-type]
    done: list[str] = []

    def take(outcome: Outcome) -> None:
        if outcome.error:
            raise outcome.error
        done.append(outcome.template.name)

    with canned_aws(0) as environment:
        url = environment["AWS_ENDPOINT_URL"]
        broker = Broker(url, Signer("us-east-1", Credentials("AKIA", "s" * 40)), Transport(url))
        side_by_side(wanted, partial(_put, broker), take)
    if len(done) != ACCOUNTS * ROLES or failed:
        raise RuntimeError(f"expected {ACCOUNTS * ROLES} roles, found {len(done)}")
    return len(done)


def _put(broker: Broker, template: Template) -> dict[str, Any]:
    answer: dict[str, Any] = broker.put("roles", template.name, body=template.document, dry_run="true")
    return answer


class CannedSpokes:
    """Lets the broker into each account; makes an IAM client for it, as the real one does."""

    def enter(self, _account: str) -> object:
        """A client with its own credentials."""
        given = {"AccessKeyId": "ASIA", "SecretAccessKey": "s" * 40, "SessionToken": "t" * 800}
        return client_with("iam", given)


class CannedRegistry:
    """The registry's rows: every account is known. It counts what is written."""

    written = 0

    def every(self) -> Iterable[Account]:
        """All accounts."""
        return [Account(number, state="joined", joined_before=True) for number in NUMBERS]

    def write(self, _account: Account) -> None:
        """Count it."""
        self.written += 1

    def drop_alias(self, _alias: str) -> None:
        """No alias is dropped."""


class CannedOrganization:
    """Lists every account."""

    def read(self) -> Organization:
        """All of them, with units and tags."""
        return Organization(tuple(Listed(number, "", "n", "/Work", {"env": "prod"}) for number in NUMBERS))


def registry() -> int:
    """One run of the registry."""
    rows = CannedRegistry()
    run = RegistrySync(
        organization=CannedOrganization(),
        filed=tuple,
        spokes=CannedSpokes(),
        registry=rows,
        home=HOME,
        threads=lambda: ThreadPoolExecutor(LOOKED_AT_ONCE),
        clock=lambda: NOW,
    ).run()
    if rows.written != ACCOUNTS or run.lost:
        raise RuntimeError(f"expected {ACCOUNTS} accounts, found {rows.written}")
    return rows.written


class CannedProvisioner:
    """Answers the roles of an account as the provision function does: all in use."""

    def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Facts of these roles; to `find_roles`, that the catalogue has them all."""
        if order["action"] == "find_roles":
            return {"names": [], "unseen": []}
        return {"roles": [_facts(name) for name in order["names"]]}


def _facts(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "path": "/access-broker/",
        "unique_id": f"AROA{name[-4:]}",
        "created_at": rfc3339(NOW - timedelta(days=300)),
        "last_used_at": rfc3339(NOW - timedelta(days=2)),
        "tags": TAGS,
        "instance_profiles": [],
        "boundary_arn": BOUNDARY.replace(HOME, name.partition(":")[0]),
        "quarantined": False,
        "fingerprint": {"trust": "0" * 16},
    }


class NothingAtHome:
    """The broker's own account, without roles."""

    def every(self) -> Iterable[Any]:
        """None."""
        return iter(())


class CannedTable:
    """The catalogue of all roles, and no marks."""

    def every(self) -> tuple[()]:
        """No marks."""
        return ()

    def fingerprints(self) -> dict[str, dict[str, str]]:
        """Of every role, as applied."""
        return {f"{number}:role-{role}": {"trust": "0" * 16} for number in NUMBERS for role in range(ROLES)}

    def of(self, _role: str, _now: datetime) -> Signs:
        """No signs of use."""
        return NO_SIGNS


def cleanup_look() -> int:
    """One look of clean-up at every account."""
    table: Any = CannedTable()
    threads = partial(ThreadPoolExecutor, LOOKED_AT_ONCE)
    home: Any = NothingAtHome()
    roles = RolesOfAccounts(home, CannedProvisioner(), threads)
    scan = AccountScan(roles=roles, signs=table, marks=table, applied=table, ours=Ours("bench", BOUNDARY))
    sight = scan.look(NOW)
    if sight.ours != ACCOUNTS * ROLES or sight.drift or sight.unseen:
        raise RuntimeError(f"expected {ACCOUNTS * ROLES} roles in use, found {sight.ours}")
    return sight.ours


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
