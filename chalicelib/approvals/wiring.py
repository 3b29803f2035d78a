"""Services and clients of approvals, made when first used."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.access.wiring import catalogue, pinned_roles, rights, rules
from chalicelib.core.wiring import clock, config, new_id, pause, refusals

if TYPE_CHECKING:
    from chalicelib.approvals.services.approvers import Approvers
    from chalicelib.approvals.services.close_overdue import OverdueCloser
    from chalicelib.approvals.services.decide import RequestDecisions
    from chalicelib.approvals.services.eligible_approvers import EligibleApprovers
    from chalicelib.approvals.services.records import ApprovalRecords
    from chalicelib.approvals.services.request import RequestBrowser, RequestFiling
    from chalicelib.approvals.services.stores import Grants, Requests


@cache
def grants() -> Grants:
    """Grant rows."""
    from chalicelib.approvals.aws.grants_table import TableGrants
    from chalicelib.core.aws.clients import client

    return TableGrants(client("dynamodb"), config().table)


@cache
def requests() -> Requests:
    """Request rows."""
    from chalicelib.approvals.aws.requests_table import TableRequests
    from chalicelib.core.aws.clients import client

    return TableRequests(client("dynamodb"), config().table)


@cache
def approval_records() -> ApprovalRecords:
    """The events of asking and approving."""
    from chalicelib.approvals.services.records import ApprovalRecords

    return ApprovalRecords(refusals=refusals(), clock=clock, new_id=new_id)


@cache
def approvers() -> Approvers:
    """The right to decide and the right to look."""
    from chalicelib.approvals.services.approvers import Approvers

    return Approvers(rules=rules(), catalogue=catalogue(), rights=rights(), clock=clock)


@cache
def request_filing() -> RequestFiling:
    """The service behind POST /v1/requests."""
    from chalicelib.access.aws.principals import IamPrincipals
    from chalicelib.approvals.services.filing_limits import LimitedFiling
    from chalicelib.approvals.services.request import RequestFiling
    from chalicelib.core.aws.clients import client

    return RequestFiling(
        rules=rules(),
        catalogue=catalogue(),
        people=IamPrincipals(client("iam")),
        filing=LimitedFiling(requests=requests(), pause=pause),
        records=approval_records(),
    )


@cache
def request_browser() -> RequestBrowser:
    """The service behind GET /v1/requests."""
    from chalicelib.approvals.services.request import RequestBrowser

    return RequestBrowser(requests=requests(), grants=grants(), approvers=approvers(), refusals=refusals(), clock=clock)


@cache
def eligible_approvers() -> EligibleApprovers:
    """The service that says who could approve."""
    from chalicelib.access.aws.known_callers import TableKnownCallers
    from chalicelib.approvals.services.eligible_approvers import EligibleApprovers
    from chalicelib.core.aws.clients import client

    callers = TableKnownCallers(client("dynamodb"), config().table)
    return EligibleApprovers(
        rules=rules(), catalogue=catalogue(), callers=callers, clock=clock, pinned_roles=pinned_roles()
    )


@cache
def overdue_closer() -> OverdueCloser:
    """The service behind the schedule of the expire function."""
    from chalicelib.approvals.services.close_overdue import OverdueCloser

    return OverdueCloser(requests=requests(), grants=grants(), records=approval_records())


@cache
def request_decisions() -> RequestDecisions:
    """The service behind approve, deny and cancel."""
    from chalicelib.approvals.services.decide import RequestDecisions

    return RequestDecisions(
        requests=requests(),
        approvers=approvers(),
        records=approval_records(),
        overdue_closer=overdue_closer(),
        pause=pause,
    )
