"""The access of every caller to every role, by the rules alone. Pairs that no rule can tell apart are decided once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.access.domain.admission import chosen, max_seconds
from chalicelib.access.domain.facts import FROM_THE_BROKER, IDENTITY_CENTER_PATH, PERMISSION_SET, PERSONS
from chalicelib.access.domain.rules import Ask
from chalicelib.core.domain.callers import Caller
from chalicelib.insight.domain.likeness import likeness

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from datetime import datetime
    from typing import TypeVar

    from chalicelib.access.domain.rules import AccessRules, Door
    from chalicelib.core.domain.roles import Role

    Thing = TypeVar("Thing")


def known_caller(given: Mapping[str, Any]) -> Caller | None:
    """A caller of GET /v1/callers. None for roles of the broker's own: their sessions ask for nothing.

    A role stands for its sessions, whose names are not known: `ROLE/*`. Roles of
    Identity Center stand for the persons with that permission set.
    """
    name, arn = str(given["name"]), str(given["arn"])
    account, groups, tags = arn.split(":")[4], tuple(given["groups"]), dict(given["tags"])
    if given["kind"] == "user":
        return Caller("user", name, arn, account, "", groups, tags)
    path = "/" + arn.split(":role/", 1)[-1].removesuffix(name)
    if path.startswith(FROM_THE_BROKER):
        return None
    permission_set = PERMISSION_SET.fullmatch(name)
    if permission_set and path.startswith(IDENTITY_CENTER_PATH):
        groups = (f"{PERSONS}/{permission_set[1]}",)
    return Caller("role", f"{name}/*", arn, account, "", groups, tags)


def matrix(rules: AccessRules, callers: Sequence[Caller], roles: Sequence[Role], at: datetime) -> dict[str, Any]:
    """`cells` by class of caller and class of role, `I,J`; a pair without a cell has no access.

    Asked is with a reason and MFA, without session tags, now, from no address:
    conditions on these are met as far as they can be.
    """
    keys = likeness(rules)
    of_callers, first_callers = _classes(callers, keys.caller)
    of_roles, first_roles = _classes(roles, keys.role)
    cells = {
        f"{row},{column}": cell
        for row, caller in enumerate(first_callers)
        for column, role in enumerate(first_roles)
        if (cell := _cell(rules, Ask("TakeCredentials", caller, role, at, reason_given=True, mfa=True)))
    }
    return {"caller_classes": of_callers, "role_classes": of_roles, "cells": cells}


def _classes(things: Sequence[Thing], key: Callable[[Thing], Hashable]) -> tuple[list[int], list[Thing]]:
    """The number of each one's class, and the first of each class."""
    numbers: dict[Hashable, int] = {}
    found: list[int] = []
    first: list[Thing] = []
    for thing in things:
        number = numbers.setdefault(key(thing), len(numbers))
        if number == len(first):
            first.append(thing)
        found.append(number)
    return found, first


def _cell(rules: AccessRules, ask: Ask) -> dict[str, Any] | None:
    ways = {action: rules.evaluate(ask.on(action)).doors for action in ("TakeCredentials", "OpenConsole", "BreakGlass")}
    glass = chosen(ways["BreakGlass"], ask, approved=False)
    taken = ways["TakeCredentials"] or ways["OpenConsole"]
    door = chosen(taken, ask, approved=False)
    if door is None and glass is None:
        return None
    told: dict[str, Any] = _told(door, ask) if door else {"access": "break_glass"}
    if door and not ways["TakeCredentials"]:
        told["console_only"] = True
    return {**told, "break_glass": glass.policy} if glass else told


def _told(door: Door, ask: Ask) -> dict[str, Any]:
    terms = door.terms
    return {
        "access": "approval" if terms.approvals else "standing",
        "rule": door.policy,
        "approvals": terms.approvals,
        "reason": terms.reason_required,
        "mfa": terms.mfa,
        "max_seconds": max_seconds(door, ask),
    }
