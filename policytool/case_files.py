"""The cases as files: YAML in which no field, group, tag or action can be mistyped and still pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.access.domain.facts import PERSONS
from chalicelib.access.domain.rules import Ask
from chalicelib.core.domain.roles import ACCOUNT_ID, WHOLE_BROKER, Role
from chalicelib.core.domain.times import duration, from_rfc3339
from policytool.known_entities import caller, role
from policytool.source import BadFile, Strict, document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import yaml

    from chalicelib.core.domain.callers import Caller
    from policytool.known_entities import Vocabulary

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
EXPECTATIONS = ("allow", "approval", "reason", "mfa", "too_long", "deny", "not_found")
WITH_TERMS = frozenset({"allow", "approval", "reason", "mfa"})
"""The outcomes that name one permit, so that its terms can be compared."""

FILE = {"callers": dict, "roles": dict, "cases": list}
CALLER = {"kind": str, "id": str, "groups": list, "tags": dict, "home": dict}
ROLE = {"account": str, "home": dict, "tags": dict, "max_session_seconds": int, "tier": str}
HOME = {"id": str, "alias": str, "ou_path": str, "tags": dict}
"""The member account of a role or caller, as the registry would know it."""

CONTEXT = {
    "at": (str, datetime), "duration": str, "reason": bool, "session_policy": bool, "session_tags": list,
    "source_ip": str, "mfa": bool, "via": str,
}  # fmt: skip
CASE = {
    "name": str, "caller": str, "action": str, "role": str, "context": dict, "approved": bool, "expect": str,
    "by": (str, list), "max": str, "approvals": int, "grant": str,
}  # fmt: skip


class BadCase(BadFile):
    """A case that cannot be meant: its place, and the name or field that is wrong."""


@dataclass(frozen=True, slots=True)
class Case:
    """One expectation. `terms` are those it states of the permit: `max` and `grant` in seconds, `approvals`."""

    file: str
    name: str
    ask: Ask
    approved: bool
    expect: str
    by: tuple[str, ...]
    terms: Mapping[str, int] = field(default_factory=dict)


class Fields(dict[Any, Any]):
    """A mapping of a YAML file that knows its line."""

    line = 1


class _Reader(Strict):
    """YAML whose mappings are Fields."""


def _fields(reader: _Reader, node: yaml.MappingNode) -> Fields:
    found = Fields(reader.construct_mapping(node, deep=True))
    found.line = node.start_mark.line + 1
    return found


_Reader.add_constructor("tag:yaml.org,2002:map", _fields)


def load_cases(folder: Path, known: Vocabulary) -> list[Case]:
    """Every case of a folder of YAML files; BadFile says where one is wrong, and what."""
    return [
        case for path in sorted(folder.glob("*.yaml")) for case in _CaseFile(f"cases/{path.name}", known).read(path)
    ]


@dataclass(frozen=True, slots=True)
class _CaseFile:
    """One file, as complaints name it."""

    name: str
    known: Vocabulary

    def read(self, path: Path) -> list[Case]:
        given = document(path, self.name, _Reader)
        self._check(given, FILE)
        callers = {name: self._caller(name, one or Fields()) for name, one in given.get("callers", {}).items()}
        roles = {name: self._role(name, one or Fields()) for name, one in given.get("roles", {}).items()}
        return [self._case(one, callers, {**self.known.roles, **roles}) for one in given.get("cases", ())]

    def _caller(self, name: str, given: Fields) -> Caller:
        self._check(given, CALLER)
        if "home" in given:
            self._check_member(name, given)
        self._one_of("kind", given.get("kind", "user"), ("user", "role"), given.line)
        for group in given.get("groups", ()):
            self._one_of("group", group, self.known.groups, given.line)
            if ":" in group:
                raise BadCase(self.name, given.line, f"group {group!r} is of a member account: give the caller a home")
        for tag in given.get("tags", ()):
            self._one_of("caller tag", tag, self.known.caller_tags, given.line)
        return caller(name, given)

    def _role(self, name: str, given: Fields) -> Role:
        self._check(given, ROLE)
        if "home" in given:
            self._check_home(given)
        for tag in given.get("tags", ()):
            self._one_of("role tag", tag, self.known.role_tags, given.line)
        return role(name, given)

    def _check_member(self, name: str, given: Fields) -> None:
        """A caller of a member account is a session, named ROLE/SESSION or sso/PERSON, and has no tags."""
        self._check_home(given)
        person = name.startswith(f"{PERSONS}/")
        if given.get("kind") != "role" or name.count("/") != 1 or "tags" in given:
            raise BadCase(self.name, given.line, "a caller with home is a role, named ROLE/SESSION, without tags")
        if person != bool(given.get("groups")):
            raise BadCase(self.name, given.line, f"a caller with home has groups if it is {PERSONS}/PERSON, else none")

    def _check_home(self, given: Fields) -> None:
        self._check(given["home"], HOME)
        if not ACCOUNT_ID.fullmatch(given["home"].get("id", "")):
            raise BadCase(self.name, given.line, "home needs an id of twelve digits, in quotes")

    def _case(self, given: Fields, callers: Mapping[str, Caller], roles: Mapping[str, Role]) -> Case:
        self._check(given, CASE)
        self._one_of("caller", given.get("caller"), callers, given.line)
        self._one_of("expect", given.get("expect"), EXPECTATIONS, given.line)
        action = given.get("action", "TakeCredentials")
        self._one_of("action", action, self.known.actions, given.line)
        if "role" in given or action not in self.known.broker_wide:
            self._one_of("role", given.get("role"), roles, given.line)
        by = given.get("by", ())
        try:
            asked, terms = self._context(given.get("context", Fields())), self._terms(given)
        except ValueError as error:
            raise BadCase(self.name, given.line, str(error)) from error
        return Case(
            file=self.name.removeprefix("cases/"),
            name=given.get("name", f"line {given.line}"),
            ask=Ask(action, callers[given["caller"]], roles.get(given.get("role", ""), WHOLE_BROKER), **asked),
            approved=given.get("approved", False),
            expect=given["expect"],
            by=(by,) if isinstance(by, str) else tuple(by),
            terms=terms,
        )

    def _context(self, given: Fields) -> dict[str, Any]:
        self._check(given, CONTEXT)
        asked: dict[str, Any] = {
            "at": from_rfc3339(str(given["at"])) if "at" in given else NOON,
            "source_ip": given.get("source_ip", "198.51.100.7"),
            "reason_given": given.get("reason", False),
            "session_policy_given": given.get("session_policy", False),
            "session_tags": tuple(given.get("session_tags", ())),
            "mfa": given.get("mfa", False),
            "via": given.get("via", ""),
        }
        if "duration" in given:
            asked |= {"duration_seconds": _seconds(given["duration"]), "duration_given": True}
        return asked

    def _terms(self, given: Fields) -> dict[str, int]:
        stated = {name: given[name] for name in ("max", "approvals", "grant") if name in given}
        if stated and given["expect"] not in WITH_TERMS:
            raise ValueError(f"terms are compared where expect is one of {', '.join(sorted(WITH_TERMS))}")
        return {name: value if isinstance(value, int) else _seconds(value) for name, value in stated.items()}

    def _check(self, given: Any, fields: Mapping[str, Any]) -> None:
        """Every field is known and of its type."""
        if not isinstance(given, Fields):
            raise BadCase(self.name, 1, f"expected fields ({', '.join(fields)}), not {given!r}")
        for name, value in given.items():
            self._one_of("field", name, fields, given.line)
            if not isinstance(value, fields[name]):
                raise BadCase(self.name, given.line, f"field {name!r} cannot be {value!r}")

    def _one_of(self, what: str, name: Any, known: Any, line: int) -> None:
        if not isinstance(name, str) or name not in known:
            raise BadCase(self.name, line, f"unknown {what} {name!r}; known are {', '.join(sorted(known))}")


def _seconds(text: str) -> int:
    return int(duration(text).total_seconds())
