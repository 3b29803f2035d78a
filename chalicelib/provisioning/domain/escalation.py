"""Known privilege-escalation paths: which of them a set of policies opens, and through which statement.

Conditions are not counted as a protection: whether one holds cannot be
decided from the file. Actions may be spread over several policies of a role;
they are counted together. The list is policies/escalation.json.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.iam_patterns import read_statements
from chalicelib.provisioning.domain.templates import UnsafeTemplate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from chalicelib.core.domain.iam_patterns import Statement

TOLD_IN_FULL = 3
"""Paths per policy whose statements a refusal quotes; `Action: "*"` opens every path there is."""


@dataclass(frozen=True, slots=True)
class Path:
    """One known path: open when all its actions are allowed. `tolerated` says why it is only warned of."""

    name: str
    actions: tuple[str, ...]
    see: str
    only_where_resources_are_patterns: bool = False
    tolerated: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why an action of a path is allowed: the statement at fault and the pattern in it."""

    action: str
    policy: str
    statement: str
    pattern: str

    def __str__(self) -> str:
        """As a person reads it in a refusal."""
        return f"{self.policy}, statement {self.statement}, allows {self.action} ({self.pattern})"


@dataclass(frozen=True, slots=True)
class Opened:
    """A path that is open, with evidence for each of its actions."""

    path: Path
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class EscalationPaths:
    """The list, and managed policies that are refused by their very name."""

    paths: tuple[Path, ...] = ()
    refused_managed_policies: frozenset[str] = field(default_factory=frozenset)

    def opened(self, documents: Mapping[str, Mapping[str, Any]]) -> tuple[Opened, ...]:
        """The paths that policies `{name: document}` open together, in the order of the list."""
        found = [statement for name, document in documents.items() for statement in read_statements(name, document)]
        every = (Opened(path, evidence) for path in self.paths if (evidence := tuple(_evidence(path, found))))
        return tuple(opened for opened in every if len(opened.evidence) == len(opened.path.actions))

    def check(
        self, documents: Mapping[str, Mapping[str, Any]], by_design: Callable[[Path], str] = lambda _path: ""
    ) -> tuple[str, ...]:
        """Warnings of tolerated paths; UnsafeTemplate if any other path is open or a policy is refused by name.

        `by_design` says why the tier of the role opens a path; empty if it does not.
        """
        opened = self.opened(documents)
        reasons = {one.path.name: one.path.tolerated or by_design(one.path) for one in opened}
        fields = {name: _said(name, [one for one in opened if not reasons[one.path.name]]) for name in documents}
        fields |= {name: f"{name} is never given to a brokered role" for name in documents if self._refused(name)}
        wrong = {name: words for name, words in fields.items() if words}
        if wrong:
            first = next(iter(wrong.values())).partition(". ")[0]
            raise UnsafeTemplate(f"The policies would let the role climb: {first}.", wrong)
        return tuple(f"{one.path.name}: {reasons[one.path.name]}" for one in opened)

    def _refused(self, policy: str) -> bool:
        """Policies are named as the template names them: by name, or by ARN."""
        name = policy.rpartition(":iam::aws:policy/")[2].lower()
        return name in self.refused_managed_policies


def _said(policy: str, opened: list[Opened]) -> str:
    """The escalation paths this policy opens, alone or as the first of several: some with evidence, all by name."""
    here = [one for one in opened if one.evidence[0].policy == policy]
    told = [f"opens {one.path.name}: {'; '.join(map(str, one.evidence))}" for one in here[:TOLD_IN_FULL]]
    rest = [one.path.name for one in here[TOLD_IN_FULL:]]
    return ". ".join([*told, f"also opens {', '.join(rest)}"] if rest else told)


def load_paths(text: str) -> EscalationPaths:
    """The list in a file like policies/escalation.json."""
    document = json.loads(text)
    tolerated = document["tolerated"]
    paths = tuple(
        Path(
            name=entry["name"],
            actions=tuple(entry["actions"]),
            see=entry["see"],
            only_where_resources_are_patterns=entry.get("only_where_resources_are_patterns", False),
            tolerated=tolerated.get(entry["name"], ""),
        )
        for entry in (*document["paths"], *document["added"])
    )
    return EscalationPaths(paths, frozenset(name.lower() for name in document["refused_managed_policies"]))


def _evidence(path: Path, found: Iterable[Statement]) -> Iterator[Evidence]:
    """Evidence for each action of `path` that is allowed and not denied everywhere."""
    for action in path.actions:
        if any(statement.denies_everywhere(action) for statement in found):
            continue
        for statement in found:
            pattern = statement.allows(action)
            if pattern and not (path.only_where_resources_are_patterns and statement.names_its_resources()):
                yield Evidence(action, statement.policy, statement.place, pattern)
                break
