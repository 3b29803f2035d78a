"""Where asking and approving meet their clients; part of wiring, in a file of its own for its length."""
# ruff: noqa: PLC0415  imports inside functions, as in wiring: a cold start loads what the request needs

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib import wiring, wiring_audit

if TYPE_CHECKING:
    from chalicelib.domain.approval_ports import BreakGlassReviews, Requests
    from chalicelib.services.approval_records import ApprovalRecords
    from chalicelib.services.approvers import Approvers
    from chalicelib.services.break_glass import Reviewing
    from chalicelib.services.deciding import Deciding
    from chalicelib.services.granting import Granting
    from chalicelib.services.lapsing import Lapsing
    from chalicelib.services.requesting import Requesting, RequestReading


@cache
def requests() -> Requests:
    """Request rows."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.requests_table import TableRequests

    return TableRequests(client("dynamodb"), wiring.config().table)


@cache
def records() -> ApprovalRecords:
    """The events of asking and approving."""
    from chalicelib.services.approval_records import ApprovalRecords

    return ApprovalRecords(journal=wiring.journal(), clock=wiring.clock, new_id=wiring.new_id)


@cache
def approvers() -> Approvers:
    """Who may decide and who may look."""
    from chalicelib.services.approvers import Approvers

    return Approvers(rules=wiring.rules(), catalogue=wiring.catalogue(), rights=wiring.rights(), clock=wiring.clock)


@cache
def requesting() -> Requesting:
    """The service behind POST /v1/requests."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.iam_facts import ReadOnlyIam
    from chalicelib.services.requesting import Requesting

    return Requesting(
        rules=wiring.rules(),
        catalogue=wiring.catalogue(),
        people=ReadOnlyIam(client("iam")),
        requests=requests(),
        records=records(),
    )


@cache
def request_reading() -> RequestReading:
    """The service behind GET /v1/requests."""
    from chalicelib.services.requesting import RequestReading

    return RequestReading(requests=requests(), grants=wiring.grants(), approvers=approvers(), clock=wiring.clock)


@cache
def lapsing() -> Lapsing:
    """The service behind the schedule of the expire function."""
    from chalicelib.services.lapsing import Lapsing

    return Lapsing(requests=requests(), grants=wiring.grants(), records=records())


@cache
def deciding() -> Deciding:
    """The service behind approve, deny and cancel."""
    from chalicelib.services.deciding import Deciding

    return Deciding(
        requests=requests(), approvers=approvers(), records=records(), lapsing=lapsing(), pause=wiring.pause
    )


@cache
def granting() -> Granting:
    """The service behind DELETE /v1/grants/{id}."""
    from chalicelib.services.granting import Granting

    return Granting(
        requests=requests(),
        grants=wiring.grants(),
        sessions=wiring.sessions(),
        ender=wiring_audit.revoking(),
        rights=wiring.rights(),
        records=records(),
    )


@cache
def reviews() -> BreakGlassReviews:
    """Broken glass that waits for somebody to sign it off."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.reviews_table import TableReviews

    return TableReviews(client("dynamodb"), wiring.config().table)


@cache
def reviewing() -> Reviewing:
    """The service behind POST /v1/sessions/{id}/review."""
    from chalicelib.services.break_glass import Reviewing

    return Reviewing(
        sessions=wiring.sessions(),
        reviews=reviews(),
        approvers=approvers(),
        records=records(),
    )
