"""Services and clients of sessions, made when first used."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.access.wiring import catalogue, home_account, rights, rules
from chalicelib.approvals.wiring import approval_records, approvers, grants, requests
from chalicelib.core.wiring import beside, clock, config, journal, leases, new_id, pause, refusals

if TYPE_CHECKING:
    from chalicelib.sessions.aws.cloudtrail import CloudTrailActivity
    from chalicelib.sessions.services.activity import Activity
    from chalicelib.sessions.services.browse import SessionBrowser, Sessions
    from chalicelib.sessions.services.console_links import ConsoleLinks
    from chalicelib.sessions.services.end_grant import GrantEnder
    from chalicelib.sessions.services.enforce_revocations import RevocationEnforcer
    from chalicelib.sessions.services.issue import SessionIssuer
    from chalicelib.sessions.services.review_break_glass import BreakGlassReview, BreakGlassReviews
    from chalicelib.sessions.services.revoke import SessionRevoker


@cache
def session_issuer() -> SessionIssuer:
    """The service behind POST /v1/credentials."""
    from chalicelib.core.aws.clients import client
    from chalicelib.sessions.aws.session_writer import TableBoundSessionLog
    from chalicelib.sessions.aws.sts import StsRoleSessions
    from chalicelib.sessions.services.issue import SessionIssuer

    return SessionIssuer(
        deployment=config().deployment,
        rules=rules(),
        catalogue=catalogue(),
        grants=grants(),
        sessions=TableBoundSessionLog(client("dynamodb"), config().table, pause),
        refusals=refusals(),
        sts=StsRoleSessions(client("sts")),
        row_writer=beside(),
        clock=clock,
        new_id=new_id,
    )


@cache
def console_links() -> ConsoleLinks:
    """The service behind POST /v1/console-links."""
    from chalicelib.core.domain.roles import sign_in_host
    from chalicelib.sessions.aws.federation import FederationEndpoint
    from chalicelib.sessions.services.console_links import ConsoleLinks

    endpoint = config().sign_in_endpoint or f"https://{sign_in_host(config().broker_role_arn)}/federation"
    sign_in = FederationEndpoint(endpoint, config().session_end_page)
    return ConsoleLinks(session_issuer=session_issuer(), catalogue=catalogue(), sign_in=sign_in, clock=clock)


@cache
def sessions() -> Sessions:
    """Session rows, for browsing and revoking."""
    from chalicelib.core.aws.clients import client
    from chalicelib.sessions.aws.table import TableSessions

    return TableSessions(client("dynamodb"), config().table)


@cache
def session_browser() -> SessionBrowser:
    """The service behind GET /v1/sessions."""
    from chalicelib.sessions.services.browse import SessionBrowser

    return SessionBrowser(rights=rights(), sessions=sessions(), refusals=refusals(), clock=clock)


@cache
def activity() -> Activity:
    """The service behind GET /v1/sessions/{id}/activity."""
    from chalicelib.core.aws.clients import client
    from chalicelib.core.aws.functions import OrderedFunction, lambda_for_a_caller
    from chalicelib.sessions.aws.activity_of_accounts import ActivityOfAccounts
    from chalicelib.sessions.aws.cloudtrail import CloudTrailActivity
    from chalicelib.sessions.services.activity import Activity

    named = config().require("activity_regions").split(",")
    clients = {region: client("cloudtrail", region) for region in dict.fromkeys(named) if region}
    doing = "asking the provisioner for the session's calls"
    provisioner = OrderedFunction(lambda_for_a_caller(), config().require("provision_function"), doing)
    return Activity(sessions=session_browser(), log=ActivityOfAccounts(CloudTrailActivity(clients), provisioner))


def activity_in_account(role: str, regions: tuple[str, ...]) -> CloudTrailActivity:
    """CloudTrail of a member account, read by the provision function; `role` has the account's id before its name."""
    from chalicelib.accounts.wiring import spoke_roles
    from chalicelib.core.domain.roles import split_role_name
    from chalicelib.sessions.aws.cloudtrail import CloudTrailActivity

    account, _ = split_role_name(role)
    return CloudTrailActivity({region: spoke_roles().cloudtrail(account, region) for region in regions})


@cache
def session_revoker() -> SessionRevoker:
    """The service behind DELETE /v1/sessions/{id} and POST /v1/revocations."""
    from chalicelib.core.aws.functions import CHANGING, OrderedFunction, lambda_for_a_caller
    from chalicelib.sessions.services.revoke import SessionRevoker

    return SessionRevoker(
        home=home_account(),
        rights=rights(),
        sessions=sessions(),
        provisioner=OrderedFunction(lambda_for_a_caller(), config().require("provision_function"), CHANGING),
        journal=journal(),
        refusals=refusals(),
        clock=clock,
        new_id=new_id,
    )


@cache
def revocation_enforcer() -> RevocationEnforcer:
    """The provision function's part in revocations."""
    from chalicelib.accounts.wiring import spoke_roles
    from chalicelib.core.aws.clients import client
    from chalicelib.sessions.aws.revocation_list import TableRevocationList
    from chalicelib.sessions.aws.revocation_policy import IamRevocationPolicy
    from chalicelib.sessions.aws.revocations_of_accounts import RevocationsOfAccounts
    from chalicelib.sessions.services.enforce_revocations import RevocationEnforcer

    return RevocationEnforcer(
        revocations=TableRevocationList(client("dynamodb"), config().table),
        policy=RevocationsOfAccounts(
            IamRevocationPolicy(client("iam")), lambda account: IamRevocationPolicy(spoke_roles().iam(account))
        ),
        sessions=sessions,
        leases=leases(),
        clock=clock,
        pause=pause,
    )


@cache
def grant_ender() -> GrantEnder:
    """The service behind DELETE /v1/grants/{id}."""
    from chalicelib.sessions.services.end_grant import GrantEnder

    return GrantEnder(
        requests=requests(),
        grants=grants(),
        sessions=sessions(),
        ender=session_revoker(),
        approvers=approvers(),
        records=approval_records(),
    )


@cache
def reviews() -> BreakGlassReviews:
    """Break-glass sessions that wait for a review."""
    from chalicelib.core.aws.clients import client
    from chalicelib.sessions.aws.reviews_table import TableReviews

    return TableReviews(client("dynamodb"), config().table)


@cache
def break_glass_review() -> BreakGlassReview:
    """The service behind POST /v1/sessions/{id}/review."""
    from chalicelib.sessions.services.review_break_glass import BreakGlassReview

    return BreakGlassReview(
        sessions=sessions(),
        reviews=reviews(),
        approvers=approvers(),
        records=approval_records(),
    )
