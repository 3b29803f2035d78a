"""Why not: the rule nearest to an ask that was refused, and what it still misses.

A permit is taken apart into its parts (who, what, each condition joined by
`&&`), and Cedar itself judges each part alone. Off the path of an ask that is
granted: only refusals and explanations come here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cedarpy

from chalicelib.access.domain.cedar_documents import entities_document, request_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chalicelib.access.domain.policies import Policy
    from chalicelib.access.domain.rules import AccessRules, Ask

ANYTHING = {"op": "All"}
NEEDLESS_PARENTHESES = re.compile(r"(?<!\w)\((\w+(?:\.\w+)+(?:\([^()]*\))?)\)")
"""Cedar's printer puts every operand in parentheses; those of a call stay."""


@dataclass(frozen=True, slots=True)
class Near:
    """A permit that does not match, and the parts that keep it from matching, in words.

    `by_role` counts the parts that speak of the role alone: nothing about the
    caller or the ask could mend those, so a rule that misses fewer is nearer.
    """

    policy: str
    missing: tuple[str, ...]
    by_role: int


def nearest(rules: AccessRules, ask: Ask) -> Near | None:
    """The permit for this action and role that misses least, or None where no permit speaks of the action.

    A permit that fails for naming other roles is never near: its words, or
    its id, could reveal them. Nor is one for callers of other accounts than
    the caller's kind: nothing could mend that.
    """
    near = [_near(policy, ask) for policy in rules.candidates(ask.role.name) if _speaks_of(policy, ask)]
    return min((found for found in near if found and found.missing), key=_distance, default=None)


def in_words(near: Near) -> str:
    """One sentence for the caller."""
    return f"The nearest rule is {near.policy}; it also needs: {'; '.join(near.missing)}."


def _distance(near: Near) -> tuple[int, int, str]:
    return near.by_role, len(near.missing), near.policy


def _speaks_of(policy: Policy, ask: Ask) -> bool:
    return (
        policy.effect == "permit"
        and (policy.actions is None or ask.action in policy.actions)
        and policy.for_members == ask.caller.member
    )


def _near(policy: Policy, ask: Ask) -> Near | None:
    """The parts of the permit that do not hold, or None if telling them would name other roles."""
    parts = list(_parts(policy.document))
    held = _holds(ask, [part for _, part in parts])
    failing = [(words, part) for (words, part), true in zip(parts, held, strict=True) if not true]
    if any(_names_roles(part) for _, part in failing):
        return None
    missing = tuple(words for words, _ in failing)
    return Near(policy.id, missing, sum(1 for words in missing if _is_about_role(words)))


def _names_roles(node: Any) -> bool:
    """True if a part holds a role entity, or the name of anything but the caller."""
    if isinstance(node, list):
        return any(map(_names_roles, node))
    if not isinstance(node, dict):
        return False
    if node.get("type") == "Broker::Role":
        return True
    if node.get("attr") == "name" and node.get("left") != {"Var": "principal"}:
        return True
    return any(map(_names_roles, node.values()))


def _is_about_role(words: str) -> bool:
    return words.startswith("a role") or ("resource" in words and "principal" not in words and "context" not in words)


def _parts(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each part in words, with a policy that holds exactly when the part does."""
    yield f"a caller that is {_scope_words(document['principal'])}", _part(principal=document["principal"])
    yield f"a role that is {_scope_words(document['resource'])}", _part(resource=document["resource"])
    for condition in document.get("conditions", []):
        bodies = _conjuncts(condition["body"]) if condition["kind"] == "when" else [condition["body"]]
        for body in bodies:
            part = _part(conditions=[{"kind": condition["kind"], "body": body}])
            yield _condition_words(part), part


def _conjuncts(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    both = body.get("&&")
    if both is None:
        return [body]
    return [*_conjuncts(both["left"]), *_conjuncts(both["right"])]


def _part(**given: Any) -> dict[str, Any]:
    whole = {"principal": ANYTHING, "action": ANYTHING, "resource": ANYTHING, "conditions": []}
    return {"effect": "permit", **whole, **given}


def _holds(ask: Ask, parts: list[dict[str, Any]]) -> list[bool]:
    """Which parts hold, by Cedar's own evaluation; a part that errs does not hold."""
    static = {str(number): part for number, part in enumerate(parts)}
    document = json.dumps({"staticPolicies": static, "templates": {}, "templateLinks": []})
    policies = cedarpy.PolicySet.from_json_str(document)
    result = cedarpy.is_authorized(request_document(ask), policies, entities_document(ask))
    return [str(number) in result.diagnostics.reasons for number in range(len(parts))]


def _scope_words(scope: Mapping[str, Any]) -> str:
    entity = scope.get("entity") or (scope.get("in") or {}).get("entity")
    if entity is None:
        return "any" if scope["op"] == "All" else f"a {_short(scope['entity_type'])}"
    link = "in " if "in" in (scope["op"], *scope) else ""
    return f"{link}{_short(entity['type'])} {entity['id']}"


def _short(entity_type: str) -> str:
    return entity_type.removeprefix("Broker::")


def _condition_words(part: Mapping[str, Any]) -> str:
    """The condition as Cedar text, on one line."""
    static = {"part": {**part}}
    text = cedarpy.policies_from_json_str(json.dumps({"staticPolicies": static, "templates": {}, "templateLinks": []}))
    condition = text[text.index(")") + 1 :].strip().rstrip(";").strip()
    plain = " ".join(condition.split()).removeprefix("when { ").removesuffix(" }")
    return NEEDLESS_PARENTHESES.sub(r"\1", plain)
