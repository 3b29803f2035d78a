"""The first two layers: a suspension of the caller, and whom the broker counts a session as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.access.domain.facts import PERSONS, subjects
from chalicelib.core.domain.policy_documents import as_list, statements
from chalicelib.explain.domain.layers import Layer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import Any

    from chalicelib.access.domain.facts import Suspension
    from chalicelib.core.domain.callers import Caller

SESSION_NAME = "sts:rolesessionname"
EXACT = frozenset({"stringequals", "stringlike"})
OWN_NAME = "${aws:username}"
"""The policy variable for the IAM user who assumes the role: with it, no one can take another's name."""

PEOPLE = "policies/people.json"


def suspension(caller: Caller, standing: Iterable[Suspension]) -> Layer:
    """Closed while a suspension of the broker's own stands; its reason is for responders, so it is not told."""
    of_caller = [one for one in standing if one.subject in subjects(caller)]
    if not of_caller:
        return Layer("suspension", "open", "no suspension", f"Nothing suspends {caller.name}.")
    first = min(of_caller, key=lambda one: one.at)
    since = f"{first.caller} is suspended since {first.at:%Y-%m-%d %H:%M} UTC, by {first.by}."
    return Layer("suspension", "closed", f"suspension {first.id}", since, f"broker unsuspend {first.caller}")


def counted_as(caller: Caller, pinned: Collection[str], trust: Mapping[str, Any] | None) -> Layer:
    """The person or role that limits, approvals, grants and suspensions count. It closes nothing.

    `pinned` are the roles of policies/people.json, `trust` is the trust policy
    of the role behind a session.
    """
    role = caller.name.partition("/")[0]
    if caller.kind == "user":
        return _counted("IAM", f"{caller.name} is an IAM user, and counts as one.")
    if role.rpartition(":")[2] == PERSONS:
        return _counted("IAM Identity Center", f"Identity Center sets the name: {caller.name} counts as a person.")
    if role not in pinned:
        return _counted(
            "role session", f"The caller of {role} chooses the session name: all its sessions count as one."
        )
    if trust is not None and pins_the_session_name(trust):
        return _counted(PEOPLE, f"Each session of {role} counts as a person, and its trust policy pins the name.")
    return _counted(
        PEOPLE,
        f"Each session of {role} counts as a person, but its trust policy does not pin the name: a caller who may "
        f"assume it can pose as another. Pin sts:RoleSessionName to {OWN_NAME} there, or take {role} out of {PEOPLE}.",
    )


def pins_the_session_name(trust: Mapping[str, Any]) -> bool:
    """True if every statement that lets the role be assumed takes no session name but the IAM user's own."""
    allowing = [one for one in statements(trust) if one.get("Effect") == "Allow" and _assumes(one)]
    return bool(allowing) and all(_pins(one.get("Condition", {})) for one in allowing)


def _assumes(statement: Mapping[str, Any]) -> bool:
    """True unless its actions do not let the role be assumed, as sts:TagSession alone; NotAction may cover anything."""
    actions = [str(action).lower() for action in as_list(statement.get("Action"))]
    return not actions or any("assume" in action or "*" in action or "?" in action for action in actions)


def _pins(conditions: Mapping[str, Any]) -> bool:
    return any(
        operator.lower() in EXACT and key.lower() == SESSION_NAME and as_list(values) == [OWN_NAME]
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def _counted(by: str, detail: str) -> Layer:
    return Layer("counted_as", "open", by, detail)
