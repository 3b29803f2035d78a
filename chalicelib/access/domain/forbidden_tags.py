"""Session tags that a `forbid` does not let through, and the keys that it would let through.

Off the path of an ask that is granted: only refusals and explanations come here.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.access.domain.rules import AccessRules, Ask

SESSION_TAGS = {".": {"left": {"Var": "context"}, "attr": "session_tags"}}


def forbidden_tags(rules: AccessRules, ask: Ask) -> dict[str, str]:
    """The keys at fault, each as the field `tags.KEY` with the keys that are allowed; empty if no key is at fault."""
    if not ask.session_tags or rules.evaluate(replace(ask, session_tags=())).forbidden_by:
        return {}
    alone = {key: rules.evaluate(replace(ask, session_tags=(key,))).forbidden_by for key in ask.session_tags}
    return {f"tags.{key}": _expected(rules, by) for key, by in alone.items() if by}


def tags_in_words(fields: dict[str, str]) -> str:
    """One clause about the keys, to follow the names of the rules."""
    keys = ", ".join(field.removeprefix("tags.") for field in fields)
    allowed = next(iter(fields.values()))
    return f": session tags are at fault ({keys}); {allowed}"


def _expected(rules: AccessRules, policies: tuple[str, ...]) -> str:
    lists = [set(_allowed(rules.policies[policy].document["conditions"])) for policy in policies]
    keys = set.intersection(*lists) if lists else set()
    return f"allowed keys: {', '.join(sorted(keys))}" if keys else f"not allowed by {', '.join(policies)}"


def _allowed(expression: Any) -> Iterator[str]:
    """The keys of `["…"].containsAll(context.session_tags)`, wherever it stands in the conditions."""
    if isinstance(expression, list):
        yield from chain.from_iterable(map(_allowed, expression))
    elif isinstance(expression, dict):
        whole = expression.get("containsAll") or {}
        if whole.get("right") == SESSION_TAGS:
            yield from (str(one["Value"]) for one in whole["left"].get("Set", []) if "Value" in one)
        yield from chain.from_iterable(map(_allowed, expression.values()))
