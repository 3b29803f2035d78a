"""Tests of the access policies: given caller, role and context, what is decided and by which policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import yaml

from chalicelib.domain.access import Ask, load_rules
from chalicelib.domain.admission import decide
from chalicelib.domain.errors import ApprovalRequired, InvalidRequest, NotFound, ReasonRequired, Refused
from chalicelib.domain.roles import WHOLE_BROKER
from chalicelib.domain.times import duration, from_rfc3339
from policytool.source import read
from policytool.world import caller, role, vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from chalicelib.domain.access import AccessRules
    from policytool.world import Vocabulary

EXPECTATIONS = ("allow", "approval", "reason", "too_long", "deny", "not_found")
KEYS = frozenset({"name", "caller", "action", "role", "context", "approved", "expect", "by", "max"})
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)

ENTERING = frozenset({"TakeCredentials", "OpenConsole", "RequestAccess", "BreakGlass"})
"""Actions with terms: decided with doors. The others are plain yes or no."""


class BadCase(Exception):
    """A case nobody could mean; the message names file, case and field."""


@dataclass(frozen=True, slots=True)
class Case:
    """One expectation."""

    file: str
    name: str
    ask: Ask
    approved: bool
    expect: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided, by which policies, in which words."""

    decision: str
    by: tuple[str, ...]
    words: str = ""

    def meets(self, case: Case) -> bool:
        """Whether it is what the case expects."""
        return self.decision == case.expect and self.by == case.by


def load_cases(folder: Path, known: Vocabulary) -> list[Case]:
    """Every case of a folder of YAML files; BadCase names what is wrong."""
    return [case for path in sorted(folder.glob("*.yaml")) for case in _file(path, known)]


def run_all(policies: Path) -> list[tuple[Case, Outcome]]:
    """Every case beside the policies, with its outcome."""
    rules = load_rules(read(policies / "access", "*.cedar"))
    return [(case, run(case, rules)) for case in load_cases(policies / "access" / "cases", vocabulary(policies))]


def run(case: Case, rules: AccessRules) -> Outcome:
    """Decide one case exactly as the broker would."""
    if case.ask.action not in ENTERING:
        verdict = rules.decide(case.ask)
        doors = tuple(door.policy for door in verdict.doors)
        return Outcome("allow", doors) if doors else Outcome("deny", verdict.forbidden_by)
    try:
        return Outcome("allow", (decide(rules, case.ask, approved=case.approved).door.policy,))
    except NotFound as refusal:
        return Outcome("not_found", (), refusal.detail)
    except InvalidRequest as refusal:
        return Outcome("too_long", (), refusal.detail)
    except Refused as refusal:
        return Outcome(_word(refusal), refusal.policies, refusal.detail)


def _word(refusal: Refused) -> str:
    if isinstance(refusal, ApprovalRequired):
        return "approval"
    return "reason" if isinstance(refusal, ReasonRequired) else "deny"


def _file(path: Path, known: Vocabulary) -> list[Case]:
    document = yaml.safe_load(path.read_text()) or {}
    callers = document.get("callers", {})
    roles = {**known.roles, **{name: role(name, given or {}) for name, given in document.get("roles", {}).items()}}
    return [_case(path.name, number, given, callers, roles) for number, given in enumerate(document["cases"], 1)]


def _case(
    file: str, number: int, given: Mapping[str, Any], callers: Mapping[str, Any], roles: Mapping[str, Any]
) -> Case:
    name = given.get("name", f"case {number}")
    unknown = sorted(set(given) - KEYS)
    if unknown:
        raise BadCase(f"{file}: {name}: unknown field {unknown[0]!r}; known are {', '.join(sorted(KEYS))}")
    if given.get("expect") not in EXPECTATIONS:
        raise BadCase(f"{file}: {name}: expect must be one of {', '.join(EXPECTATIONS)}")
    if given.get("caller") not in callers:
        raise BadCase(f"{file}: {name}: caller {given.get('caller')!r} is not among the file's callers")
    if "role" in given and given["role"] not in roles:
        raise BadCase(f"{file}: {name}: role {given['role']!r} is neither in the file's roles nor in policies/roles")
    who = caller(given["caller"], callers[given["caller"]] or {})
    what = roles[given["role"]] if "role" in given else WHOLE_BROKER
    ask = Ask(given.get("action", "TakeCredentials"), who, what, **_context(given.get("context") or {}))
    by = given.get("by", ())
    return Case(
        file, name, ask, bool(given.get("approved")), given["expect"], (by,) if isinstance(by, str) else tuple(by)
    )


def _context(given: Mapping[str, Any]) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "at": from_rfc3339(str(given["at"])) if "at" in given else NOON,
        "source_ip": given.get("source_ip", "198.51.100.7"),
        "reason_given": bool(given.get("reason")),
        "session_policy_given": bool(given.get("session_policy")),
        "session_tags": tuple(given.get("session_tags", ())),
    }
    if "duration" in given:
        asked |= {"duration_seconds": int(duration(given["duration"]).total_seconds()), "duration_given": True}
    return asked
