"""Services and clients of audit, made when first used."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.access.wiring import catalogue, rights
from chalicelib.core.wiring import clock, config, journal, meter, pause, refusals
from chalicelib.sessions.wiring import sessions

if TYPE_CHECKING:
    from chalicelib.audit.services.bypass_detection import BypassDetector
    from chalicelib.audit.services.deliver import AuditDelivery
    from chalicelib.audit.services.read import AuditBrowser
    from chalicelib.audit.services.session_expiry_events import SessionExpiry


@cache
def audit_delivery() -> AuditDelivery:
    """The service behind the table's stream."""
    from chalicelib.audit.aws.dead_letters import SqsDeadLetters
    from chalicelib.audit.aws.ledger import TableLedger
    from chalicelib.audit.aws.log_writer import CloudWatchAuditLog
    from chalicelib.audit.services.deliver import AuditDelivery
    from chalicelib.core.aws.clients import client

    return AuditDelivery(
        ledger=TableLedger(client("dynamodb"), config().require("ledger_table")),
        log=CloudWatchAuditLog(client("logs"), config().require("audit_log_group")),
        dead_letters=SqsDeadLetters(client("sqs"), config().require("dead_letter_queue_url")),
        clock=clock,
        pause=pause,
    )


@cache
def session_expiry() -> SessionExpiry:
    """The service behind the audit function's schedule."""
    from chalicelib.audit.aws.ledger import TableLedger
    from chalicelib.audit.services.session_expiry_events import SessionExpiry
    from chalicelib.core.aws.clients import client
    from chalicelib.sessions.aws.table import TableSessions

    ledger = TableLedger(client("dynamodb"), config().require("ledger_table"))
    return SessionExpiry(
        sessions=TableSessions(client("dynamodb"), config().table),
        checkpoint=ledger,
        audit_delivery=audit_delivery(),
        told=meter().events,
        clock=clock,
    )


@cache
def audit_browser() -> AuditBrowser:
    """The service behind GET /v1/audit."""
    from chalicelib.audit.aws.ledger import TableLedger
    from chalicelib.audit.aws.log_reader import CloudWatchAuditReader
    from chalicelib.audit.services.read import AuditBrowser
    from chalicelib.core.aws.clients import client

    return AuditBrowser(
        rights=rights(),
        log=CloudWatchAuditReader(client("logs"), config().require("audit_log_group")),
        ledger=TableLedger(client("dynamodb"), config().require("ledger_table")),
        refusals=refusals(),
    )


@cache
def bypass_detector() -> BypassDetector:
    """The service behind CloudTrail's AssumeRole events."""
    from chalicelib.audit.aws.role_owners import IamRoleOwners
    from chalicelib.audit.services.bypass_detection import BypassDetector
    from chalicelib.core.aws.clients import client

    return BypassDetector(
        deployment=config().deployment,
        owners=IamRoleOwners(lambda: client("iam")),
        broker_role_arn=config().require("broker_role_arn"),
        catalogue=catalogue(),
        sessions=sessions(),
        journal=journal(),
    )
