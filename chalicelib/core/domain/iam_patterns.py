"""The actions that a policy statement allows: patterns as IAM matches them, letter case ignored."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.policy_documents import as_list, statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a named policy. `place` is its Sid, or its number from 1."""

    policy: str
    place: str
    effect: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...] | None
    resources: tuple[str, ...] | None
    conditional: bool

    def allows(self, action: str) -> str | None:
        """The pattern through which this statement allows `action`, conditions aside; None if it does not."""
        return self.covers(action) if self.effect == "Allow" else None

    def denies_everywhere(self, action: str) -> bool:
        """True if `action` is denied on every resource and without a condition."""
        unlimited = not self.conditional and "*" in (self.resources or ())
        return self.effect == "Deny" and unlimited and self.covers(action) is not None

    def names_its_resources(self) -> bool:
        """True if every resource is one ARN spelled out, without a pattern or a variable."""
        return bool(self.resources) and not any(set("*?$") & set(resource) for resource in self.resources or ())

    def covers(self, action: str) -> str | None:
        """The pattern through which the statement speaks of `action`; None if it does not."""
        if self.not_actions is not None:
            excluded = any(matches(pattern, action) for pattern in self.not_actions)
            return None if excluded else f"NotAction {', '.join(self.not_actions)}"
        return next((pattern for pattern in self.actions if matches(pattern, action)), None)


def read_statements(policy: str, document: Mapping[str, Any]) -> Iterator[Statement]:
    """The statements of a document; element names are read in any letter case, to be on the safe side."""
    lowered = {name.lower(): value for name, value in document.items()}
    for number, statement in enumerate(statements({"Statement": lowered.get("statement")}), start=1):
        element = {name.lower(): value for name, value in statement.items()}
        yield Statement(
            policy=policy,
            place=str(element.get("sid") or number),
            effect=str(element.get("effect", "")).capitalize(),
            actions=tuple(as_list(element.get("action"))),
            not_actions=tuple(as_list(element["notaction"])) if "notaction" in element else None,
            resources=tuple(as_list(element["resource"])) if "resource" in element else None,
            conditional=bool(element.get("condition")),
        )


def matches(pattern: str, action: str) -> bool:
    """True if an action pattern (`*` any run, `?` any one character) covers an action."""
    return _compiled(pattern.lower()).fullmatch(action.lower()) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    """`[` is an ordinary character to IAM, so fnmatch must not see a set in it."""
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")))
