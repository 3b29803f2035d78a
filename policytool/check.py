"""`broker policy check`: what no reviewer should have to look for."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import cedarpy

from chalicelib.domain.access import load_rules
from policytool.reach import reach
from policytool.source import Complaint, Statement, read, statements
from policytool.world import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policytool.world import Vocabulary

GROUPED = re.compile(r'\baction\s+[\w\s,"]+?\s+in\b')

FIX_VOCABULARY = "add it to policies/access/vocabulary.yaml if it is meant"


def check(policies: Path) -> list[Complaint]:
    """Every complaint about policies/access, errors and warnings, in order of place."""
    known = vocabulary(policies)
    schema = (policies / "access" / "schema.cedarschema").read_text()
    files = read(policies / "access", "*.cedar")
    parts = [part for name, text in files.items() for part in statements(name, text)]
    found = [complaint for part in parts for complaint in _statement(part, schema, known)]
    found += [*_repeated(parts), *_grouped_actions(schema)]
    if any(complaint.level == "error" for complaint in found):
        return sorted(found)
    return sorted(found + reach(load_rules(files), parts, known, policies))


def _statement(part: Statement, schema: str, known: Vocabulary) -> Iterator[Complaint]:
    """What is wrong with one policy on its own."""
    try:
        [policy] = load_rules({part.file: part.text}).policies.values()
    except ValueError as error:
        yield _error(part, str(error).removeprefix(f"{part.file}: "))
        return
    for problem in cedarpy.validate_policies(part.text, schema).errors:
        yield _error(part, f"{policy.id}: {problem.error.replace('`policy0`', policy.id)}")
    yield from _names(part, policy.document, known)


def _names(part: Statement, document: Any, known: Vocabulary) -> Iterator[Complaint]:
    """Groups, roles and tags that nothing else knows of."""
    lists = {"Broker::Group": (known.groups, "group"), "Broker::Role": (frozenset(known.roles), "role")}
    for entity in _entities(document):
        names, word = lists.get(entity["type"], (frozenset([entity["id"]]), ""))
        if entity["id"] not in names:
            fix = FIX_VOCABULARY if word == "group" else "add its template to policies/roles"
            yield _error(part, f"unknown {word} {entity['id']!r}; {fix}", f'"{entity["id"]}"')
    tags = {"principal": (known.caller_tags, "caller"), "resource": (known.role_tags, "role")}
    for variable, tag in _tags(document):
        names, word = tags.get(variable, (frozenset([tag]), ""))
        if tag not in names:
            yield _error(part, f"unknown {word} tag {tag!r}; {FIX_VOCABULARY}", f'"{tag}"')


def _entities(node: Any) -> Iterator[dict[str, str]]:
    """Every entity a policy's JSON names."""
    if isinstance(node, dict) and set(node) == {"type", "id"}:
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _entities(child)


def _tags(node: Any) -> Iterator[tuple[str, str]]:
    """Every (variable, tag) of `hasTag` and `getTag`."""
    for function in ("hasTag", "getTag"):
        if isinstance(node, dict) and function in node:
            call = node[function]
            variable, tag = call["left"].get("Var"), call["right"].get("Value")
            if variable and isinstance(tag, str):
                yield variable, tag
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _tags(child)


def _repeated(parts: list[Statement]) -> Iterator[Complaint]:
    """Ids that more than one policy has."""
    first: dict[str, Statement] = {}
    for part in parts:
        for found in re.finditer(r'@id\(("(?:\\.|[^"\\])*")\)', part.text):
            policy_id = json.loads(found[1])
            if policy_id in first:
                other = first[policy_id]
                yield _error(part, f"@id({policy_id!r}) is taken by {other.file}:{other.line}; ids must be unique")
            first.setdefault(policy_id, part)


def _grouped_actions(schema: str) -> Iterator[Complaint]:
    """Rules are selected by the actions they name (domain.access): one that names a group would be passed over."""
    for found in GROUPED.finditer(schema):
        line = schema.count("\n", 0, found.start()) + 1
        yield Complaint("schema.cedarschema", line, "error", "actions may not be in groups; name each in the rules")


def _error(part: Statement, message: str, word: str = "") -> Complaint:
    """A complaint at the statement, or at the line of it that holds `word`."""
    before = part.text.split(word, 1)[0] if word and word in part.text else ""
    return Complaint(part.file, part.line + before.count("\n"), "error", message)
