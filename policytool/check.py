"""`broker policy check`: what no reviewer should have to look for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import cedarpy

from chalicelib.access.domain.policies import Policy
from chalicelib.access.domain.rule_files import load_rules
from policytool.case_files import load_cases
from policytool.known_entities import vocabulary
from policytool.mfa_age import gateway_age, unproven_age
from policytool.reach import reach
from policytool.source import BadFile, Complaint, Statement, read, statements, text
from policytool.unkeepable_terms import unkeepable_terms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policytool.known_entities import Vocabulary

SCHEMA = "schema.cedarschema"
GROUPED = re.compile(r'\baction\s+[\w\s,"]+?\s+in\b')

FIX_SCOPE = "another permit is for callers of the broker's own account alone"
FIX_VOCABULARY = "add it to policies/access/vocabulary.yaml if it is meant"
FIX_ROLE = "add its template to policies/roles"
FIX_ACTION = f"the known ones are in policies/access/{SCHEMA}"


def check(policies: Path) -> list[Complaint]:
    """Every complaint about policies/access, errors and warnings, in order of place."""
    try:
        return _complaints(policies)
    except BadFile as error:
        return [error.complaint]


def _complaints(policies: Path) -> list[Complaint]:
    """BadFile where what all of them build on cannot be read."""
    schema = text(policies / "access" / SCHEMA, SCHEMA)
    if found := list(_schema(schema)):
        return found
    known, files = vocabulary(policies), read(policies / "access", "*.cedar")
    parsed = [(part, _policy(part)) for name, said in files.items() for part in statements(name, said)]
    rules = [(part, policy) for part, policy in parsed if isinstance(policy, Policy)]
    found = [policy for _, policy in parsed if isinstance(policy, Complaint)]
    found += [complaint for part, policy in rules for complaint in _rule(part, policy, schema, known)]
    age = gateway_age(policies)
    found += [
        _error(part, f"{policy.id}: @mfa: {fix}", "@mfa") for part, policy in rules for fix in unproven_age(policy, age)
    ]
    found += _repeated(rules)
    try:
        cases = load_cases(policies / "access" / "cases", known)
    except BadFile as error:
        found.append(error.complaint)
    if any(complaint.level == "error" for complaint in found):
        return sorted(found)
    return sorted(found + reach(load_rules(files), {policy.id: part for part, policy in rules}, known, cases))


def _schema(schema: str) -> Iterator[Complaint]:
    try:
        cedarpy.Schema.from_str(schema)
    except ValueError as error:
        yield Complaint(SCHEMA, 1, "error", str(error))
    for found in GROUPED.finditer(schema):
        # Rules are selected by the actions they name (domain.access): one that names a group would be passed over.
        line = schema.count("\n", 0, found.start()) + 1
        yield Complaint(SCHEMA, line, "error", "actions may not be in groups; name each in the rules")


def _policy(part: Statement) -> Policy | Complaint:
    """A statement as the broker reads it, or why it would not."""
    try:
        [policy] = load_rules({part.file: part.text}).policies.values()
    except ValueError as error:
        return _error(part, str(error).removeprefix(f"{part.file}: "))
    return policy


def _rule(part: Statement, policy: Policy, schema: str, known: Vocabulary) -> Iterator[Complaint]:
    """The complaints about one policy on its own."""
    for problem in cedarpy.validate_policies(part.text, schema).errors:
        yield _error(part, f"{policy.id}: {problem.error.removeprefix('for policy `policy0`, ')}")
    for name, fix in unkeepable_terms(policy):
        yield _error(part, f"{policy.id}: @{name}: {fix}", f"@{name}")
    for group in _members_in_conditions(policy):
        told = f"{policy.id}: {group!r} is of a member account; name it in the scope: {FIX_SCOPE}"
        yield _error(part, told, f'"{group}"')
    yield from _names(part, policy.document, known)


def _members_in_conditions(policy: Policy) -> Iterator[str]:
    """Groups of member accounts in the conditions of a permit whose scope names none: it opens nothing to them."""
    if policy.effect == "permit" and not policy.for_members:
        named = _entities(policy.document["conditions"])
        yield from (one["id"] for one in named if one["type"] == "Broker::Group" and ":" in one["id"])


def _names(part: Statement, document: Any, known: Vocabulary) -> Iterator[Complaint]:
    """Groups, roles, actions and tags that nothing else knows of."""
    lists = {
        "Broker::Group": (known.groups, "group", FIX_VOCABULARY),
        "Broker::Role": (frozenset(known.roles), "role", FIX_ROLE),
        "Broker::Action": (frozenset(known.actions), "action", FIX_ACTION),
    }
    for entity in _entities(document):
        names, word, fix = lists.get(entity["type"], (frozenset([entity["id"]]), "", ""))
        if entity["id"] not in names:
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


def _repeated(rules: list[tuple[Statement, Policy]]) -> Iterator[Complaint]:
    """Ids that more than one policy has."""
    first: dict[str, Statement] = {}
    for part, policy in rules:
        other = first.setdefault(policy.id, part)
        if other is not part:
            yield _error(part, f"@id({policy.id!r}) is taken by {other.file}:{other.line}; ids must be unique")


def _error(part: Statement, message: str, word: str = "") -> Complaint:
    """A complaint at the statement, or at the line of it that holds `word`."""
    before = part.text.split(word, 1)[0] if word and word in part.text else ""
    return Complaint(part.file, part.line + before.count("\n"), "error", message)
