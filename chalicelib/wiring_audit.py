"""Where sessions, revocation and audit meet their clients; part of wiring, in a file of its own for its length."""
# ruff: noqa: PLC0415  imports inside functions, as in wiring: a cold start loads what the request needs

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib import wiring

if TYPE_CHECKING:
    from chalicelib.services.activity import Activity
    from chalicelib.services.audit_reading import AuditReading
    from chalicelib.services.auditing import Auditing
    from chalicelib.services.enforcing import Enforcing
    from chalicelib.services.expiring import Expiring
    from chalicelib.services.revoking import Revoking
    from chalicelib.services.sessions import SessionReading
    from chalicelib.services.trailing import Trailing


@cache
def auditing() -> Auditing:
    """The service behind the table's stream."""
    from chalicelib.aws.audit_log import CloudWatchAuditLog
    from chalicelib.aws.clients import client
    from chalicelib.aws.dead_letters import SqsDeadLetters
    from chalicelib.aws.ledger import TableLedger
    from chalicelib.services.auditing import Auditing

    return Auditing(
        ledger=TableLedger(client("dynamodb"), wiring.config().require("ledger_table")),
        log=CloudWatchAuditLog(client("logs"), wiring.config().require("audit_log_group")),
        dead_letters=SqsDeadLetters(client("sqs"), wiring.config().require("dead_letter_queue_url")),
        clock=wiring.clock,
        pause=wiring.pause,
    )


@cache
def expiring() -> Expiring:
    """The service behind the audit function's schedule."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.ledger import TableLedger
    from chalicelib.aws.sessions_table import TableSessions
    from chalicelib.services.expiring import Expiring

    ledger = TableLedger(client("dynamodb"), wiring.config().require("ledger_table"))
    return Expiring(
        sessions=TableSessions(client("dynamodb"), wiring.config().table),
        checkpoint=ledger,
        auditing=auditing(),
        told=wiring.meter().events,
        clock=wiring.clock,
    )


@cache
def session_reading() -> SessionReading:
    """The service behind GET /v1/sessions."""
    from chalicelib.services.sessions import SessionReading

    return SessionReading(rights=wiring.rights(), sessions=wiring.sessions(), clock=wiring.clock)


@cache
def activity() -> Activity:
    """The service behind GET /v1/sessions/{id}/activity."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.cloudtrail import CloudTrailActivity
    from chalicelib.services.activity import Activity

    named = wiring.config().require("activity_regions").split(",")
    clients = {region: client("cloudtrail", region) for region in dict.fromkeys(named) if region}
    return Activity(sessions=session_reading(), log=CloudTrailActivity(clients))


@cache
def revoking() -> Revoking:
    """The service behind DELETE /v1/sessions/{id} and POST /v1/revocations."""
    from chalicelib.aws.functions import CHANGING, OrderedFunction, lambda_for_a_caller
    from chalicelib.services.revoking import Revoking

    return Revoking(
        rights=wiring.rights(),
        sessions=wiring.sessions(),
        provisioner=OrderedFunction(lambda_for_a_caller(), wiring.config().require("provision_function"), CHANGING),
        journal=wiring.journal(),
        clock=wiring.clock,
        new_id=wiring.new_id,
    )


@cache
def enforcing() -> Enforcing:
    """The provision function's part in revocations."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.revocation_list import TableRevocationList
    from chalicelib.aws.revocation_policy import IamRevocationPolicy
    from chalicelib.services.enforcing import Enforcing

    return Enforcing(
        revocations=TableRevocationList(client("dynamodb"), wiring.config().table),
        policy=IamRevocationPolicy(client("iam")),
        leases=wiring.leases(),
        clock=wiring.clock,
        pause=wiring.pause,
    )


@cache
def audit_reading() -> AuditReading:
    """The service behind GET /v1/audit."""
    from chalicelib.aws.audit_reader import CloudWatchAuditReader
    from chalicelib.aws.clients import client
    from chalicelib.aws.ledger import TableLedger
    from chalicelib.services.audit_reading import AuditReading

    return AuditReading(
        rights=wiring.rights(),
        log=CloudWatchAuditReader(client("logs"), wiring.config().require("audit_log_group")),
        ledger=TableLedger(client("dynamodb"), wiring.config().require("ledger_table")),
        journal=wiring.journal(),
        clock=wiring.clock,
        new_id=wiring.new_id,
    )


@cache
def trailing() -> Trailing:
    """The service behind CloudTrail's AssumeRole events."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.role_owners import IamRoleOwners
    from chalicelib.services.trailing import Trailing

    return Trailing(
        deployment=wiring.config().deployment,
        owners=IamRoleOwners(lambda: client("iam")),
        broker_role_arn=wiring.config().require("broker_role_arn"),
        catalogue=wiring.catalogue(),
        sessions=wiring.sessions(),
        journal=wiring.journal(),
    )
