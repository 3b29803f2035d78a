"""Which decisions another policy set changes: counted by kind, rule and person, with an example each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.access.domain.admission import ALLOWED
from chalicelib.core.domain.times import rfc3339
from chalicelib.insight.domain.recorded import NotReplayed, recorded
from chalicelib.insight.domain.replay import STANDING, then

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chalicelib.insight.domain.recorded import Recorded
    from chalicelib.insight.domain.replay import Outcome, Replayer

CHANGES = ("refused", "allowed", "approval", "reason", "mfa", "terms")
"""Kinds of change, gravest first."""

NEEDS = {"approval_required": "approval", "reason_required": "reason", "mfa_required": "mfa"}

ROLES_SHOWN = 20


@dataclass(slots=True)
class Person:
    """The decisions of one person that change alike, and the first of them."""

    count: int
    example: dict[str, Any]
    roles: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Changes:
    """The changes found so far. Its size grows with rules and people, not with decisions."""

    replayer: Replayer
    base: Replayer | None = None
    events: int = 0
    replayed: int = 0
    changed: int = 0
    not_replayed: Counter[str] = field(default_factory=Counter)
    found: dict[tuple[str, str, str, str], dict[str, Person]] = field(default_factory=dict)

    def take(self, lines: Iterable[bytes | str]) -> None:
        """Replay lines of the log."""
        for _ in self.changed_decisions(lines):
            pass

    def changed_decisions(self, lines: Iterable[bytes | str]) -> Iterator[tuple[Recorded, Outcome, Outcome]]:
        """The decisions that change, as they are found."""
        for line in lines:
            self.events += 1
            try:
                one = recorded(line)
                if one is None:
                    continue
                was = self.base.decide(one) if self.base else then(one)
                now = self.replayer.decide(one)
            except NotReplayed as reason:
                self.not_replayed[reason.why] += 1
                continue
            self.replayed += 1
            kind = change(was, now)
            if kind:
                self._note(kind, one, was, now)
                yield one, was, now

    def _note(self, kind: str, one: Recorded, was: Outcome, now: Outcome) -> None:
        self.changed += 1
        key = kind, was.word, " ".join(was.policies), " ".join(now.policies)
        people = self.found.setdefault(key, {})
        name = one.ask.caller.name
        if name not in people:
            people[name] = Person(0, _example(one, was, now))
        people[name].count += 1
        if len(people[name].roles) < ROLES_SHOWN:
            people[name].roles.add(one.ask.role.name)

    def kinds(self) -> frozenset[str]:
        """The kinds of change there are."""
        return frozenset(kind for kind, *_ in self.found)

    def document(self) -> dict[str, Any]:
        """All of it for programs."""
        groups = sorted(self.found.items(), key=lambda item: (CHANGES.index(item[0][0]), item[0]))
        return {
            "events": self.events,
            "replayed": self.replayed,
            "changed": self.changed,
            "not_replayed": dict(sorted(self.not_replayed.items())),
            "changes": [_group(key, people) for key, people in groups],
        }


def change(was: Outcome, now: Outcome) -> str:
    """The kind of change, or "": a refusal in other words is none, and another rule on the same terms is none."""
    if was.word == now.word:
        return "terms" if was.word == ALLOWED and dict(was.terms, policy="") != dict(now.terms, policy="") else ""
    if now.word in {ALLOWED, STANDING}:
        return "allowed"
    if now.word in NEEDS:
        return NEEDS[now.word]
    was_open = was.word in {ALLOWED, STANDING} or was.word in NEEDS
    return "refused" if was_open else ""


def _group(key: tuple[str, str, str, str], people: dict[str, Person]) -> dict[str, Any]:
    kind, was, was_by, now_by = key
    ordered = sorted(people.items(), key=lambda item: (-item[1].count, item[0]))
    return {
        "change": kind,
        "was": was,
        "was_by": was_by.split(),
        "now_by": now_by.split(),
        "decisions": sum(person.count for person in people.values()),
        "people": [
            {"name": name, "decisions": one.count, "roles": sorted(one.roles), "example": one.example}
            for name, one in ordered
        ],
    }


def _example(one: Recorded, was: Outcome, now: Outcome) -> dict[str, Any]:
    ask = one.ask
    return {
        "id": one.id,
        "at": rfc3339(ask.at),
        "action": ask.action,
        "role": ask.role.name,
        "was": {"outcome": was.word, "policies": list(was.policies), "terms": dict(was.terms)},
        "now": {"outcome": now.word, "policies": list(now.policies), "terms": dict(now.terms)},
    }
