"""The callers and roles that checks and cases speak of: vocabulary, templates and cases together."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.roles import ROLE_PATH, TIERS, Account, Role
from policytool.source import BadFile, Texts, document, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from chalicelib.core.domain.roles import Tier

ACCOUNT = "111122223333"
"""AWS's example account: checks run without any."""

WORDS = ("groups", "caller_tags", "role_tags")

Place = tuple[str, int]
"""A file and a line of it."""

NAME = re.compile(r"""['"]?name['"]?\s*:""")
COMMENT = re.compile(r"//[^\n]*")
DECLARED = re.compile(r'\baction\s+([\w\s,"]+?)\s+appliesTo\s*\{[^}]*?\bresource:\s*\[([^\]]*)\]')


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names the policies may use."""

    groups: frozenset[str] = frozenset()
    caller_tags: frozenset[str] = frozenset()
    role_tags: frozenset[str] = frozenset()
    roles: Mapping[str, Role] = field(default_factory=dict)
    templates: Mapping[str, Place] = field(default_factory=dict)
    """Where the name of each role stands."""
    actions: Mapping[str, str] = field(default_factory=dict)
    """Each action of the schema, with the kinds of resource it is about."""

    @property
    def broker_wide(self) -> frozenset[str]:
        """The actions that may be about the whole broker: the others need a role."""
        return frozenset(action for action, about in self.actions.items() if "System" in about)


def vocabulary(policies: Path) -> Vocabulary:
    """Names of policies/access/vocabulary.yaml, roles of policies/roles, actions of the schema.

    BadFile where one of them cannot be read; it calls them as seen from policies/access.
    """
    words = _words(policies / "access" / "vocabulary.yaml")
    files = sorted((policies / "roles").glob("*.yaml"))
    templates = [_template(path) for path in files]
    return Vocabulary(
        **words,
        roles={template.name: template for template in templates},
        templates={template.name: _place(path) for template, path in zip(templates, files, strict=True)},
        actions=_actions(text(policies / "access" / "schema.cedarschema", "schema.cedarschema")),
    )


def _words(path: Path) -> dict[str, frozenset[str]]:
    given = document(path, path.name) or {}
    if not isinstance(given, dict):
        raise BadFile(path.name, 1, f"expected fields ({', '.join(WORDS)}), not {given!r}")
    found = {name: given.get(name) or [] for name in WORDS}
    for name, names in found.items():
        if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
            raise BadFile(path.name, 1, f"field {name!r} has to be a list of names")
    return {name: frozenset(names) for name, names in found.items()}


def _template(path: Path) -> Role:
    name = f"../roles/{path.name}"
    given = document(path, name, Texts)
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise BadFile(name, 1, "not a role template: it has to be a mapping with a name")
    try:
        return role(given["name"], given)
    except (AttributeError, TypeError, ValueError) as error:
        raise BadFile(
            name, 1, f"tags has to be a mapping, max_session_seconds a number, tier one of {', '.join(TIERS)}"
        ) from error


def _place(path: Path) -> Place:
    """The file as seen from policies/access, and the line that has the name."""
    lines = path.read_text().splitlines()
    line = next((number for number, one in enumerate(lines, 1) if NAME.match(one)), 1)
    return f"../roles/{path.name}", line


def _actions(schema: str) -> dict[str, str]:
    declared = DECLARED.findall(COMMENT.sub("", schema))
    return {name.strip('\n "'): about for names, about in declared for name in names.split(",")}


def role(name: str, given: Mapping[str, Any]) -> Role:
    """A role as a template or a case describes it; with `home` it is a member account's."""
    home = _account(given["home"]) if "home" in given else None
    account = home.id if home else given.get("account", ACCOUNT)
    return Role(
        name=f"{home.id}:{name}" if home else name,
        arn=f"arn:aws:iam::{account}:role{ROLE_PATH}{name}",
        home=home,
        tags={str(key): str(value) for key, value in (given.get("tags") or {}).items()},
        max_session_seconds=int(given.get("max_session_seconds", 3600)),
        tier=_tier(given),
    )


def _account(given: Mapping[str, Any]) -> Account:
    tags = {str(key): str(value) for key, value in (given.get("tags") or {}).items()}
    return Account(given["id"], given.get("alias", ""), "", given.get("ou_path", ""), tags, "joined")


def _tier(given: Mapping[str, Any]) -> Tier:
    if (tier := given.get("tier", "workload")) not in TIERS:
        raise ValueError(f"tier has to be one of {', '.join(TIERS)}")
    return cast("Tier", tier)


def caller(name: str, given: Mapping[str, Any]) -> Caller:
    """A caller as a case describes it: `kind`, `id`, `groups`, `tags`, and for one of a member account `home`."""
    if "home" in given:
        return _member(name, given)
    kind = given.get("kind", "user")
    place = f"iam::{ACCOUNT}:user" if kind == "user" else f"sts::{ACCOUNT}:assumed-role"
    return Caller(
        kind=kind,
        name=name,
        arn=f"arn:aws:{place}/{name}",
        account=ACCOUNT,
        unique_id=str(given.get("id", f"AIDA{name.upper()}")),
        groups=tuple(given.get("groups", ())),
        tags={str(key): str(value) for key, value in (given.get("tags") or {}).items()},
    )


def _member(name: str, given: Mapping[str, Any]) -> Caller:
    """A session of a member account. Its group is its role; the group of a person, `sso/PERSON`, is given."""
    home = _account(given["home"])
    role = name.partition("/")[0]
    groups = tuple(f"{home.id}:{group}" for group in given.get("groups") or (role,))
    arn = f"arn:aws:sts::{home.id}:assumed-role/{name}"
    unique_id = str(given.get("id", f"{home.id}/{role.upper()}"))
    return Caller("role", f"{home.id}:{name}", arn, home.id, unique_id, groups, home=home)
