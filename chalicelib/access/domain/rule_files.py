"""The access policies: parsed from their files, or read as the package carries them.

They are parsed when the package is made, not at every cold start. The texts stay
beside them and name the set: compiled policies count only while they were made
of exactly these texts.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cedarpy

from chalicelib.access.domain.policies import policy_from_json, tags_read
from chalicelib.access.domain.rules import AccessRules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chalicelib.access.domain.policies import Policy


def load_rules(files: Mapping[str, str]) -> AccessRules:
    """Parse `{file name: Cedar text}`. ValueError names the file and what is wrong with it."""
    rules = indexed(digest(files), parsed(files))
    return replace(rules, caller_tags=tags_read(policy.document["conditions"] for policy in rules.policies.values()))


def indexed(
    digest: str, documents: Iterable[tuple[str, dict[str, Any]]], caller_tags: frozenset[str] | None = None
) -> AccessRules:
    """The rules in `(file name, policy as Cedar's JSON)`; ValueError names the file and what is wrong with it."""
    policies: dict[str, Policy] = {}
    by_role: dict[str, tuple[str, ...]] = {}
    for name, document in documents:
        try:
            policy = policy_from_json(document)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        if policy.id in policies:
            raise ValueError(f'{name}: @id("{policy.id}") is used twice; ids must be unique over all files')
        policies[policy.id] = policy
        if policy.role is not None:
            by_role[policy.role] = (*by_role.get(policy.role, ()), policy.id)
    general = tuple(policy.id for policy in policies.values() if policy.role is None)
    return AccessRules(digest, policies, general, by_role, caller_tags)


def digest(files: Mapping[str, str]) -> str:
    """SHA-256 over names and texts in order of name: the same set, the same digest."""
    return hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest()


def parsed(files: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every policy as Cedar's JSON, with the name of its file, in order of name."""
    for name, text in sorted(files.items()):
        try:
            document = json.loads(cedarpy.policies_to_json_str(text))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        if document["templates"]:
            raise ValueError(
                f"{name}: a template (?principal, ?resource) decides nothing here; write out whom and what"
            )
        yield from ((name, policy) for policy in document["staticPolicies"].values())


def compile_rules(files: Mapping[str, str]) -> str:
    """`{file name: Cedar text}` as one JSON document. ValueError, as `load_rules` raises it."""
    rules = load_rules(files)
    tags = None if rules.caller_tags is None else sorted(rules.caller_tags)
    document = {"digest": rules.digest, "caller_tags": tags, "policies": list(parsed(files))}
    return json.dumps(document, separators=(",", ":"))


def load_compiled(compiled: str, files: Mapping[str, str]) -> AccessRules:
    """The rules in `compiled`, or in `files` if it was made of others."""
    document = json.loads(compiled)
    if document["digest"] != digest(files):
        return load_rules(files)
    tags = document["caller_tags"]
    return indexed(document["digest"], document["policies"], None if tags is None else frozenset(tags))
