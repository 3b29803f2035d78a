"""Asking for access that others must agree to, and agreeing to requests of others."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from access_broker.command_line.options import (
    FOR,
    OF_CALLER,
    OF_ROLE,
    REASON,
    REQUEST,
    identifier,
    limit,
    role_name,
    user_name,
)
from access_broker.command_line.spec import Argument, Command, Option
from access_broker.credentials.approval import Approvals, who_can_approve
from access_broker.credentials.role_ask import RoleAsk
from access_broker.names import nearest_role, whole_id
from access_broker.output.table import Column
from access_broker.output.times import relative, span

if TYPE_CHECKING:
    from collections.abc import Callable

    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection

COLUMNS = (
    Column("id", identifier=True),
    Column("state", state=True),
    Column("caller"),
    Column("role"),
    Column("for", leaves=1),
    Column("approvals", leaves=2),
    Column("reason", elastic=True, leaves=3),
)
ROLES = Argument(
    "ROLE",
    "A role's name, as `broker roles` shows it; several are asked for at once.",
    role_name,
    many=True,
    names="role",
)
COMMENT = Option("--comment", "For the caller, and the audit.", "TEXT")


def request(connection: Connection, given: Given) -> None:
    """File a request, or one for each role; with --wait, wait for the decision."""
    approvals = Approvals(connection.broker, connection.output)
    role, *also = given.texts("role")
    ask = RoleAsk(role, given.number("for"), given.text("reason"))
    with nearest_role(connection, ask.role) if not also else nullcontext():
        filed = approvals.file(ask, given.text("not_before"), given.text("on_behalf_of"), also)
    others = [one for one in filed.get("together") or () if one != filed["id"]]
    all_filed = [filed, *(connection.broker.get("requests", one) for one in others)]
    if given.flag("wait"):
        connection.output.notice(who_can_approve(filed) or f"Request {filed['id']} is filed.")
        all_filed = [approvals.await_decision(one) for one in all_filed]
    if also:
        _show_all(connection, all_filed)
    else:
        _show(connection, all_filed[0])


def _show_all(connection: Connection, filed: list[dict[str, Any]]) -> None:
    rows = [_row(one) for one in filed]
    connection.output.show(filed, lambda: connection.output.table(COLUMNS, rows, "No requests."))
    connection.output.notice(
        "They are decided together: approving, denying or cancelling one does it to all that wait."
    )


def requests(connection: Connection, given: Given) -> None:
    """List requests, or show one."""
    if one := given.text("id"):
        _show(connection, connection.broker.get("requests", whole_id(connection, one, "requests")))
        return
    most = given.number("limit")
    filters = {name: given.text(name) for name in ("state", "role", "caller")}
    found = list(connection.broker.items("requests", "requests", limit=most, **filters))
    rows = [_row(one) for one in found]
    connection.output.show(found, lambda: connection.output.table(COLUMNS, rows, "No requests."))
    if len(found) == most:
        connection.output.notice(f"Stopped after {most} requests: raise --limit for more.")


def _deciding(verb: str) -> Callable[[Connection, Given], None]:
    def decide(connection: Connection, given: Given) -> None:
        one = whole_id(connection, given.word("id"), "requests")
        _show(connection, connection.broker.post("requests", one, verb, body={"comment": given.text("comment")}))

    return decide


def _show(connection: Connection, request: dict[str, Any]) -> None:
    connection.output.show(request, lambda: connection.output.facts(_facts(request)))


def _row(request: dict[str, Any]) -> list[object]:
    asked_for = span(int(request.get("duration_seconds") or 0))
    return [
        request["id"],
        state_of(request),
        request.get("caller", ""),
        request["role"],
        asked_for,
        request.get("approvals", ""),
        request.get("reason", ""),
    ]


def state_of(request: dict[str, Any]) -> str:
    """The request's state, and that of the grant it led to where that one is over."""
    grant, until = request.get("grant") or {}, request.get("until")
    if grant.get("state") in {"ended", "expired"}:
        return f"{request['state']}, {grant['state']}"
    over = not grant and until and datetime.fromisoformat(until) <= datetime.now(UTC)
    return f"{request['state']}, expired" if over else str(request["state"])


def _facts(request: dict[str, Any]) -> list[tuple[str, object]]:
    now, grant = datetime.now(UTC), request.get("grant") or {}
    times = [
        (name.removesuffix("_at").replace("_", " "), relative(value, now))
        for name, value in request.items()
        if isinstance(value, str) and (name.endswith(("_at", "until")) or name in {"not_before", "answer_by"})
    ]
    decisions = [
        (str(one.get("decision", "")), f"{one.get('by') or one.get('caller', '')} {one.get('comment') or ''}".strip())
        for one in request.get("decisions") or []
    ]
    ended = (
        [("ended", f"{relative(grant['ended_at'], now)} by {grant.get('ended_by')}")] if grant.get("ended_at") else []
    )
    names = [column.name for column in COLUMNS]
    asked = [("asked by", request.get("asked_by")), ("approvers", who_can_approve(request))]
    return [*zip(names, _row(request), strict=True), *asked, *times, *decisions, *ended]


COMMANDS = {
    "request": Command(
        request,
        "Ask for a role that needs approval, or for several at once.",
        (
            ROLES,
            FOR,
            REASON,
            Option("--not-before", "When it should begin (RFC 3339). [now]", "TIME"),
            Option("--on-behalf-of", "For another user, where a rule allows it.", "USER", user_name),
            Option("--wait", "Wait until it is decided."),
        ),
        more="`broker exec` asks by itself when it has to. Several roles, of other accounts for example, are decided "
        "together, and each is granted by itself.",
        examples=(
            'broker request prod-ec2 --for 4h --reason "deploy 1.2" --wait',
            'broker request dev:ec2-full prod:ec2-full --reason "move the fleet"',
        ),
    ),
    "requests": Command(
        requests,
        "List requests: your own and those you may decide.",
        (
            Option(
                "--state",
                "Of this state only.",
                "STATE",
                choices=("pending", "approved", "denied", "cancelled", "expired"),
            ),
            OF_ROLE,
            OF_CALLER,
            Option("--id", "One request, in full.", "ID", identifier, names="request"),
            limit(50),
        ),
        examples=("broker requests --state pending", "broker requests --id 01kxyz"),
    ),
    "approve": Command(
        _deciding("approve"),
        "Agree to a request.",
        (REQUEST, COMMENT),
        more="You cannot approve your own.",
        examples=('broker approve 01kxyz --comment "go ahead"',),
    ),
    "deny": Command(
        _deciding("deny"),
        "Refuse a request.",
        (REQUEST, COMMENT),
        examples=('broker deny 01kxyz --comment "after the release"',),
    ),
    "cancel": Command(
        _deciding("cancel"),
        "Take back a request of your own.",
        (REQUEST, COMMENT),
        examples=("broker cancel 01kxyz",),
    ),
}
