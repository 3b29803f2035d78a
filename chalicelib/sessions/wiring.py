"""Services and clients of sessions, made when first used."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.access.wiring import catalogue, rights, rules
from chalicelib.approvals.wiring import approval_records, approvers, grants, requests
from chalicelib.core.wiring import clock, config, journal, leases, new_id, pause, row_writer

if TYPE_CHECKING:
    from chalicelib.sessions.services.activity import Activity
    from chalicelib.sessions.services.browse import SessionReading, Sessions
    from chalicelib.sessions.services.console_links import ConsoleLinks
    from chalicelib.sessions.services.end_grant import Granting
    from chalicelib.sessions.services.enforce_revocations import Enforcing
    from chalicelib.sessions.services.issue import Issuing
    from chalicelib.sessions.services.review_break_glass import BreakGlassReviews, Reviewing
    from chalicelib.sessions.services.revoke import Revoking


@cache
def issuing() -> Issuing:
    """The service behind POST /v1/credentials."""
    from chalicelib.core.aws.clients import client
    from chalicelib.sessions.aws.session_writer import TableBoundSessionLog
    from chalicelib.sessions.aws.sts import StsRoleSessions
    from chalicelib.sessions.services.issue import Issuing

    return Issuing(
        deployment=config().deployment,
        rules=rules(),
        catalogue=catalogue(),
        grants=grants(),
        sessions=TableBoundSessionLog(client("dynamodb"), config().table, pause),
        journal=journal(),
        sts=StsRoleSessions(client("sts")),
        beside=row_writer(),
        clock=clock,
        new_id=new_id,
    )


@cache
def console_links() -> ConsoleLinks:
    """The service behind POST /v1/console-links."""
    from chalicelib.sessions.aws.federation import FederationEndpoint
    from chalicelib.sessions.services.console_links import ConsoleLinks

    sign_in = FederationEndpoint(config().sign_in_endpoint)
    return ConsoleLinks(issuing=issuing(), catalogue=catalogue(), sign_in=sign_in, clock=clock)


@cache
def sessions() -> Sessions:
    """Session rows, for those who look or take back."""
    from chalicelib.core.aws.clients import client
    from chalicelib.sessions.aws.sessions_table import TableSessions

    return TableSessions(client("dynamodb"), config().table)


@cache
def session_reading() -> SessionReading:
    """The service behind GET /v1/sessions."""
    from chalicelib.sessions.services.browse import SessionReading

    return SessionReading(rights=rights(), sessions=sessions(), clock=clock)


@cache
def activity() -> Activity:
    """The service behind GET /v1/sessions/{id}/activity."""
    from chalicelib.core.aws.clients import client
    from chalicelib.sessions.aws.cloudtrail import CloudTrailActivity
    from chalicelib.sessions.services.activity import Activity

    named = config().require("activity_regions").split(",")
    clients = {region: client("cloudtrail", region) for region in dict.fromkeys(named) if region}
    return Activity(sessions=session_reading(), log=CloudTrailActivity(clients))


@cache
def revoking() -> Revoking:
    """The service behind DELETE /v1/sessions/{id} and POST /v1/revocations."""
    from chalicelib.core.aws.functions import CHANGING, OrderedFunction, lambda_for_a_caller
    from chalicelib.sessions.services.revoke import Revoking

    return Revoking(
        rights=rights(),
        sessions=sessions(),
        provisioner=OrderedFunction(lambda_for_a_caller(), config().require("provision_function"), CHANGING),
        journal=journal(),
        clock=clock,
        new_id=new_id,
    )


@cache
def enforcing() -> Enforcing:
    """The provision function's part in revocations."""
    from chalicelib.core.aws.clients import client
    from chalicelib.sessions.aws.revocation_list import TableRevocationList
    from chalicelib.sessions.aws.revocation_policy import IamRevocationPolicy
    from chalicelib.sessions.services.enforce_revocations import Enforcing

    return Enforcing(
        revocations=TableRevocationList(client("dynamodb"), config().table),
        policy=IamRevocationPolicy(client("iam")),
        leases=leases(),
        clock=clock,
        pause=pause,
    )


@cache
def granting() -> Granting:
    """The service behind DELETE /v1/grants/{id}."""
    from chalicelib.sessions.services.end_grant import Granting

    return Granting(
        requests=requests(),
        grants=grants(),
        sessions=sessions(),
        ender=revoking(),
        rights=rights(),
        records=approval_records(),
    )


@cache
def reviews() -> BreakGlassReviews:
    """Broken glass that waits for somebody to sign it off."""
    from chalicelib.core.aws.clients import client
    from chalicelib.sessions.aws.reviews_table import TableReviews

    return TableReviews(client("dynamodb"), config().table)


@cache
def reviewing() -> Reviewing:
    """The service behind POST /v1/sessions/{id}/review."""
    from chalicelib.sessions.services.review_break_glass import Reviewing

    return Reviewing(
        sessions=sessions(),
        reviews=reviews(),
        approvers=approvers(),
        records=approval_records(),
    )
