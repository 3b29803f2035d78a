"""The one place where configuration, clients and services meet.

Everything is made when first used and kept for the container's life. Imports
stand inside the functions so that a cold start loads only what its request
needs (bench/ measures it).
"""

from __future__ import annotations

import os
import random
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.config import Config

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from chalicelib.aws.metrics import EmfMeter
    from chalicelib.domain.access import AccessRules
    from chalicelib.domain.approval_ports import Grants
    from chalicelib.domain.ports import Catalogue, Journal, Principals, Sessions
    from chalicelib.services.browsing import Browsing
    from chalicelib.services.console_links import ConsoleLinks
    from chalicelib.services.explaining import Explaining
    from chalicelib.services.issuing import Issuing
    from chalicelib.services.provisioning_leases import Leases
    from chalicelib.services.recognizing import Recognizing
    from chalicelib.services.rights import Rights

POLICIES = Path(__file__).parent.parent / "policies"
"""Beside app.py, in the checkout as in the package (vendor/policies links there)."""

REMEMBER_SECONDS = 60
"""How long a container trusts what it read of a caller or a role."""


def clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def new_id(at: datetime) -> str:
    """A fresh ULID for `at`."""
    from chalicelib.domain import ids

    return ids.new_id(at, os.urandom(ids.ENTROPY_BYTES))


@cache
def config() -> Config:
    """This function's configuration."""
    return Config.from_env(os.environ)


@cache
def rules() -> AccessRules:
    """The access policies of this package, read once; the packer adds them parsed (packer/access_rules.py)."""
    from chalicelib.domain.access import load_rules
    from chalicelib.domain.compiled_rules import load_compiled

    texts = {path.name: path.read_text() for path in (POLICIES / "access").glob("*.cedar")}
    compiled = POLICIES / "access.json"
    return load_compiled(compiled.read_text(), texts) if compiled.exists() else load_rules(texts)


@cache
def principals() -> Principals:
    """IAM, read only, remembered for a minute."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.principals import IamPrincipals
    from chalicelib.services.remembering import RememberedPrincipals

    return RememberedPrincipals(IamPrincipals(client("iam")), clock, REMEMBER_SECONDS)


@cache
def catalogue() -> Catalogue:
    """The roles, remembered for a minute."""
    from chalicelib.aws.catalogue import TableCatalogue
    from chalicelib.aws.clients import client
    from chalicelib.services.remembering import RememberedCatalogue

    return RememberedCatalogue(TableCatalogue(client("dynamodb"), config().table), clock, REMEMBER_SECONDS)


@cache
def journal() -> Journal:
    """Events that change no other row."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.session_log import TableJournal

    return TableJournal(client("dynamodb"), config().table)


@cache
def grants() -> Grants:
    """Grant rows."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.grants_table import TableGrants

    return TableGrants(client("dynamodb"), config().table)


@cache
def issuing() -> Issuing:
    """The service behind POST /v1/credentials."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.grant_sessions import TableBoundSessionLog
    from chalicelib.aws.role_sessions import StsRoleSessions
    from chalicelib.services.issuing import Issuing

    return Issuing(
        deployment=config().deployment,
        rules=rules(),
        catalogue=catalogue(),
        grants=grants(),
        sessions=TableBoundSessionLog(client("dynamodb"), config().table, pause),
        journal=journal(),
        sts=StsRoleSessions(client("sts")),
        beside=beside(),
        clock=clock,
        new_id=new_id,
    )


@cache
def beside() -> Executor:
    """The thread for a request's second AWS call: started by the first request that has one, then kept.

    One is enough, Lambda gives a container one request at a time; where
    several run in one process, their rows are written one after the other.
    """
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="beside")


@cache
def browsing() -> Browsing:
    """The service behind GET /v1/roles."""
    from chalicelib.services.browsing import Browsing

    return Browsing(rules=rules(), catalogue=catalogue(), grants=grants(), clock=clock)


@cache
def console_links() -> ConsoleLinks:
    """The service behind POST /v1/console-links."""
    from chalicelib.aws.sign_in import FederationEndpoint
    from chalicelib.services.console_links import ConsoleLinks

    sign_in = FederationEndpoint(config().sign_in_endpoint)
    return ConsoleLinks(issuing=issuing(), catalogue=catalogue(), sign_in=sign_in, clock=clock)


@cache
def explaining() -> Explaining:
    """The service behind POST /v1/explain."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.iam_facts import ReadOnlyIam
    from chalicelib.services.explaining import Explaining

    return Explaining(
        deployment=config().deployment,
        broker_role_arn=config().require("broker_role_arn"),
        rights=rights(),
        iam=ReadOnlyIam(client("iam"), config().require("boundary_arn")),
        grants=grants(),
        journal=journal(),
        new_id=new_id,
    )


@cache
def recognizing() -> Recognizing:
    """The first step of every signed request."""
    from chalicelib.services.recognizing import Recognizing

    return Recognizing(principals=principals(), policy_set=rules().digest, journal=journal, clock=clock, new_id=new_id)


def pause(attempt: int) -> None:
    """Wait before trying again: full jitter, at most 20 ms doubling to 1 s."""
    time.sleep(random.uniform(0, min(1.0, 0.02 * 2**attempt)))  # noqa: S311  jitter, not a secret


@cache
def sessions() -> Sessions:
    """Session rows, for those who look or take back."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.sessions_table import TableSessions

    return TableSessions(client("dynamodb"), config().table)


@cache
def rights() -> Rights:
    """Who may look at and end what is not theirs."""
    from chalicelib.services.rights import Rights

    return Rights(rules=rules(), catalogue=catalogue(), clock=clock)


def settle(seconds: float) -> None:
    """Wait about that long while IAM catches up: half to one and a half times."""
    time.sleep(seconds * random.uniform(0.5, 1.5))  # noqa: S311  jitter, not a secret


@cache
def leases() -> Leases:
    """One change of a thing at a time."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.provision_leases import TableLeases
    from chalicelib.services.provisioning_leases import Leases

    return Leases(
        store=TableLeases(client("dynamodb"), config().table),
        clock=clock,
        new_id=new_id,
        pause=settle,
    )


@cache
def meter() -> EmfMeter:
    """CloudWatch metrics of this deployment."""
    from chalicelib.aws.metrics import EmfMeter

    return EmfMeter(config().deployment)
