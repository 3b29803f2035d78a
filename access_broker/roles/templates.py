"""Role templates (policies/roles/*.yaml), read as they are meant.

YAML reads `2012-10-17` as a date, `no` as false and `012345678901` as a number. A template has texts in these places:
each value is read by its key, from the very letters of the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from access_broker.failures import Misused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NUMBERS = frozenset({"max_session_seconds"})
SWITCHES = frozenset({"trust.through_broker", "trust.require_mfa"})
YES = frozenset({"true", "yes", "on"})
NO = frozenset({"false", "no", "off"})
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
POLICY = "inline_policy"


@dataclass(frozen=True, slots=True)
class Template:
    """One template: the body of PUT /v1/roles/{name}, and the line of each key.

    `accounts` is for this command alone: the broker gets one template for each account.
    """

    path: Path
    document: dict[str, Any]
    lines: dict[str, int]
    accounts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The role's name."""
        return str(self.document["name"])

    def place(self, key: str) -> str:
        """`FILE, line N` of a key, or of the nearest one around it that the file has."""
        while key and key not in self.lines:
            key = key.rpartition(".")[0]
        return f"{self.path}, line {self.lines.get(key, 1)}"


def read_templates(places: Iterable[Path]) -> list[Template]:
    """The templates of files and folders, each role once; Misused names the file that is at fault."""
    templates: dict[str, Template] = {}
    for path in _files(places):
        template = read_template(path)
        if other := templates.get(template.name):
            raise Misused(f"{path} and {other.path} both are templates of {template.name}: remove one.")
        templates[template.name] = template
    return list(templates.values())


def read_template(path: Path) -> Template:
    """One template; Misused names the file, the line and the key that are at fault."""
    reading = _Reading(path)
    document = reading.read()
    if not isinstance(document, dict) or not isinstance(document.get("name"), str):
        raise Misused(f"{path} is not a role template: it has to be a mapping with a name.")
    accounts = document.pop("accounts", None)
    if accounts is not None and not (isinstance(accounts, list) and accounts and all(map(_is_name, accounts))):
        raise Misused(f"{path}, line {reading.lines['accounts']}: accounts has to be a list of accounts.")
    return Template(path, document, reading.lines, tuple(accounts or ()))


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""


def direct_users(path: Path) -> tuple[str, list[str]]:
    """The role of a template, and the users that may assume it themselves; none where it cannot be read."""
    try:
        template = read_template(path)
    except Misused:
        return "", []
    trust = template.document.get("trust")
    users = trust.get("direct_users") if isinstance(trust, dict) else None
    return template.name, [str(user) for user in users] if isinstance(users, list) else []


def _files(places: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for place in places:
        inside = sorted((*place.glob("*.yaml"), *place.glob("*.yml"))) if place.is_dir() else [place]
        if not inside:
            raise Misused(f"{place} has no template (*.yaml) in it.")
        found += inside
    return found


class _Reading:
    """The nodes of one file, turned into values by their keys."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.lines: dict[str, int] = {}

    def read(self) -> Any:
        """The document."""
        try:
            node = yaml.compose(self._path.read_text(encoding="utf-8-sig"), yaml.SafeLoader)
        except (OSError, UnicodeDecodeError) as error:
            raise Misused(f"{self._path} cannot be read ({error}).") from error
        except yaml.YAMLError as error:
            raise Misused(f"{self._path} is not YAML: {' '.join(str(error).split())}") from error
        return self._value(node, "") if node else None

    def _value(self, node: yaml.Node, key: str) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, key)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, key) for item in node.value]
        return self._scalar(node, key)

    def _mapping(self, node: yaml.MappingNode, key: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name_node, value_node in node.value:
            name = str(name_node.value)
            whole = f"{key}.{name}" if key else name
            if name in found:
                raise self._misused(name_node, whole, "is there twice: keep one of them")
            self.lines.setdefault(whole, name_node.start_mark.line + 1)
            found[name] = self._value(value_node, whole)
        return found

    def _scalar(self, node: Any, key: str) -> Any:
        text, plain = str(node.value), node.style is None
        if plain and text in NULLS:
            return None
        if key in NUMBERS:
            return self._number(node, key, text)
        if key in SWITCHES or (key.startswith(f"{POLICY}.") and plain and text in {"true", "false"}):
            return self._switch(node, key, text)
        return text

    def _number(self, node: yaml.Node, key: str, text: str) -> int:
        if not (text.isascii() and text.isdecimal()):
            raise self._misused(node, key, f"is {text!r}: write whole seconds, for example 3600")
        return int(text)

    def _switch(self, node: yaml.Node, key: str, text: str) -> bool:
        if text.lower() not in YES | NO:
            raise self._misused(node, key, f"is {text!r}: write true or false")
        return text.lower() in YES

    def _misused(self, node: yaml.Node, key: str, trouble: str) -> Misused:
        return Misused(f"{self._path}, line {node.start_mark.line + 1}: {key} {trouble}.")
