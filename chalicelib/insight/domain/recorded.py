"""A decision as the audit log has it, read back into what the access rules take."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec

from chalicelib.access.domain.rules import Ask
from chalicelib.approvals.domain.grants import Grant
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.roles import Account, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.domain.roles import Tier

DECIDED = frozenset({"issue", "request", "refuse"})
"""Types of events that tell a decision about a role."""

NOT_REPLAYED = {
    "version_1": "written before events kept what the rules saw",
    "cut": "its facts were too long to be kept",
    "for_other": "filed by a program for a person",
    "tags_not_kept": "these policies read a tag that was not kept",
    "other_rights": "about another right than taking a role or asking for it",
    "not_by_rules": "the rules decided nothing: a suspended caller, a role that does not exist, a limit",
    "unreadable": "not an event",
}
"""Why a decision is counted and not decided again."""


class _Who(msgspec.Struct):
    name: str
    kind: Literal["user", "role", "unknown"]
    arn: str
    id: str


class _Home(msgspec.Struct):
    id: str
    alias: str
    ou_path: str
    tags: dict[str, str]


class _Caller(msgspec.Struct):
    account: str
    groups: tuple[str, ...]
    tags: dict[str, str | None]
    all_tags: bool = False
    home: _Home | None = None


class _Role(msgspec.Struct):
    arn: str
    tier: str
    max_session_seconds: int
    tags: dict[str, str]
    home: _Home | None = None


class _Grant(msgspec.Struct):
    approvals: int
    reason: bool


class _Decision(msgspec.Struct):
    action: str
    outcome: str
    cut: bool = False
    for_other: bool = False
    at: datetime | None = None
    source_ip: str = ""
    mfa: bool = False
    via: str = ""
    duration_seconds: int = 0
    duration_given: bool = False
    reason_given: bool = False
    session_policy_given: bool = False
    session_tags: tuple[str, ...] = ()
    caller: _Caller | None = None
    role: _Role | None = None
    terms: dict[str, Any] = {}
    grants: tuple[_Grant, ...] = ()
    start: datetime | None = None


class _Detail(msgspec.Struct):
    action: str = ""


class Line(msgspec.Struct):
    """Of a line of the log, what replaying needs."""

    version: int
    id: str
    type: str
    at: str
    caller: _Who
    role: str = ""
    policies: tuple[str, ...] = ()
    detail: _Detail = msgspec.field(default_factory=_Detail)
    decision: _Decision | None = None


LINES = msgspec.json.Decoder(Line)


class NotReplayed(Exception):
    """A decision that cannot be made again; `why` is a key of NOT_REPLAYED."""

    def __init__(self, why: str) -> None:
        super().__init__(NOT_REPLAYED[why])
        self.why = why


@dataclass(frozen=True, slots=True)
class Recorded:
    """One decision: the ask, and what was decided then. `kept` are the names of the caller's tags that it has."""

    id: str
    ask: Ask
    outcome: str
    policies: tuple[str, ...] = ()
    terms: Mapping[str, Any] = field(default_factory=dict)
    grants: tuple[tuple[int, bool], ...] = ()
    start: datetime | None = None
    kept: frozenset[str] | None = None

    def require(self, caller_tags: frozenset[str] | None) -> None:
        """NotReplayed unless every tag that rules read was kept; None stands for any tag."""
        if self.kept is not None and (caller_tags is None or not caller_tags <= self.kept):
            raise NotReplayed("tags_not_kept")

    def held(self) -> tuple[Grant, ...]:
        """The caller's grants of that moment, as far as deciding looks at them."""
        ask = self.ask
        until = ask.at + timedelta(hours=1)
        return tuple(
            Grant("", ask.caller.name, ask.caller.unique_id, ask.role.name, count, ask.at, until, "given" * reason)
            for count, reason in self.grants
        )


def recorded(line: bytes | str) -> Recorded | None:
    """The decision in a line of the log; None for an event of another kind. NotReplayed says why it is not one."""
    try:
        event = LINES.decode(line)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise NotReplayed("unreadable") from None
    if event.type not in DECIDED:
        return None
    saw = event.decision
    if saw is None:
        raise NotReplayed(_without_facts(event))
    if saw.cut or saw.for_other:
        raise NotReplayed("cut" if saw.cut else "for_other")
    if saw.caller is None or saw.role is None or saw.at is None:
        raise NotReplayed("unreadable")
    return _recorded(event, saw, saw.caller, saw.role, saw.at)


def _without_facts(event: Line) -> str:
    if event.detail.action not in {"", "RequestAccess"} or not event.role:
        return "other_rights"
    return "version_1" if event.version == 1 else "not_by_rules"


def _recorded(event: Line, saw: _Decision, caller: _Caller, role: _Role, at: datetime) -> Recorded:
    ask = Ask(
        action=saw.action,
        caller=_caller(event.caller, caller),
        role=_role(event.role, role),
        at=at,
        source_ip=saw.source_ip,
        duration_seconds=saw.duration_seconds,
        duration_given=saw.duration_given,
        reason_given=saw.reason_given,
        session_policy_given=saw.session_policy_given,
        session_tags=saw.session_tags,
        mfa=saw.mfa,
        via=saw.via,
    )
    return Recorded(
        id=event.id,
        ask=ask,
        outcome=saw.outcome,
        policies=event.policies,
        terms=saw.terms,
        grants=tuple((grant.approvals, grant.reason) for grant in saw.grants),
        start=saw.start,
        kept=None if caller.all_tags else frozenset(caller.tags),
    )


def _caller(who: _Who, saw: _Caller) -> Caller:
    tags = {name: value for name, value in saw.tags.items() if value is not None}
    home = _account(saw.home) if saw.home else None
    return Caller(who.kind, who.name, who.arn, saw.account, who.id, saw.groups, tags, home=home)


def _role(name: str, saw: _Role) -> Role:
    return Role(
        name,
        saw.arn,
        tags=saw.tags,
        max_session_seconds=saw.max_session_seconds,
        tier=cast("Tier", saw.tier),
        home=_account(saw.home) if saw.home else None,
    )


def _account(home: _Home) -> Account:
    return Account(home.id, alias=home.alias, ou_path=home.ou_path, tags=home.tags)
