"""Every small edit of a policy set that somebody might make by mistake: the cases must notice each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.access.domain.rule_files import indexed, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chalicelib.access.domain.rules import AccessRules

SWAPS = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "&&": "||"}
OTHER_KIND = {"when": "unless", "unless": "when"}
OTHER_EFFECT = {"permit": "forbid", "forbid": "permit"}
TIME = re.compile(r"(\d+)(m|h)")
Words = tuple[str, Any]
"""What an edit did, and what came out."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A policy set with one edit; `name` is the policy's id and what was done to it."""

    name: str
    rules: AccessRules


def mutants(files: Mapping[str, str], actions: list[str]) -> Iterator[Mutant]:
    """Every set that one edit of `files` makes; `actions` are the schema's."""
    documents = list(parsed(files))
    for place, (name, document) in enumerate(documents):
        rest = [*documents[:place], *documents[place + 1 :]]
        yield Mutant(f"{document['annotations']['id']}: removed", indexed("mutant", rest))
        for words, edited in _edits_of_policy(document, actions):
            yield Mutant(f"{document['annotations']['id']}: {words}", indexed("mutant", [*rest, (name, edited)]))


def _edits_of_policy(document: dict[str, Any], actions: list[str]) -> Iterator[Words]:
    yield "effect turned", {**document, "effect": OTHER_EFFECT[document["effect"]]}
    for scope in ("principal", "resource"):
        if document[scope]["op"] != "All":
            yield f"any {scope}", {**document, scope: {"op": "All"}}
    edits = (("action", _fewer(document["action"], actions)), ("annotations", _terms(document["annotations"])))
    for part, found in (*edits, ("conditions", _conditions(document["conditions"]))):
        yield from ((words, {**document, part: edited}) for words, edited in found)


def _fewer(scope: dict[str, Any], actions: list[str]) -> Iterator[Words]:
    """One action less; a scope of one action alone is the policy removed."""
    named = [entity["id"] for entity in scope.get("entities", ())] or (actions if scope["op"] == "All" else [])
    for gone in named:
        left = [{"type": "Broker::Action", "id": name} for name in named if name != gone]
        yield f"without {gone}", {"op": "in", "entities": left}


def _terms(annotations: dict[str, str]) -> Iterator[Words]:
    for name in annotations.keys() - {"id", "description"}:
        yield f"without @{name}", {key: value for key, value in annotations.items() if key != name}
    for name, others in (("approvals", ("2", "3")), ("max_duration", ("15m", "30m", "1h")), ("grant", ("7h", "9h"))):
        for other in others if name in annotations else ():
            if other != annotations[name]:
                yield f'@{name}("{other}")', {**annotations, name: other}


def _conditions(conditions: list[dict[str, Any]]) -> Iterator[Words]:
    for place, one in enumerate(conditions):
        before, after = conditions[:place], conditions[place + 1 :]
        yield f"without {one['kind']}", [*before, *after]
        yield f"{one['kind']} turned", [*before, {**one, "kind": OTHER_KIND[one["kind"]]}, *after]
        yield from ((words, [*before, {**one, "body": body}, *after]) for words, body in _edits(one["body"]))


def _edits(node: Any) -> Iterator[Words]:
    """One edit anywhere in a condition."""
    if isinstance(node, dict):
        yield from _edits_here(node)
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        for words, edited in _edits(child):
            yield words, {**node, key: edited} if isinstance(node, dict) else [*node[:key], edited, *node[key + 1 :]]


def _edits_here(node: dict[str, Any]) -> Iterator[Words]:
    [(kind, inner), *others] = node.items()
    if others:
        return
    if kind in SWAPS:
        yield f"{kind} becomes {SWAPS[kind]} in {_short(inner)}", {SWAPS[kind]: inner}
    if kind == "&&":
        yield f"without {_short(inner['right'])}", inner["left"]
        yield f"without {_short(inner['left'])}", inner["right"]
    if kind == "Value" and isinstance(inner, str):
        yield from ((f"{inner} becomes {other}", {"Value": other}) for other in _others(inner))


def _others(text: str) -> tuple[str, ...]:
    time = TIME.fullmatch(text)
    return tuple(f"{int(time[1]) + by}{time[2]}" for by in (-1, 1)) if time else (f"{text}z",)


def _short(node: Any) -> str:
    """The names in a condition, in order."""
    if isinstance(node, str):
        return node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    inside = [_short(child) for child in children]
    head = [key for key in node if key in {"hasTag", "getTag", *SWAPS}] if isinstance(node, dict) else []
    return " ".join(filter(None, [*head, *inside]))
