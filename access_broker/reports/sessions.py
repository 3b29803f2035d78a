"""The session report, from the events of the audit log: who, what, when, and what went against it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

COLUMNS = ("section", "name", "count")


@dataclass
class SessionReport:
    """Counts so far. Memory grows with persons, roles and the sessions that were revoked, not with events."""

    persons: Counter[str] = field(default_factory=Counter)
    roles: Counter[str] = field(default_factory=Counter)
    accounts: Counter[str] = field(default_factory=Counter)
    hours: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    refused_persons: Counter[str] = field(default_factory=Counter)
    break_glass: dict[str, dict[str, Any]] = field(default_factory=dict)
    revocations: int = 0
    revoked_after: list[float] = field(default_factory=list)
    _issued: dict[str, str] = field(default_factory=dict)

    def take(self, events: Iterable[dict[str, Any]]) -> SessionReport:
        """Count events, oldest first."""
        takes = {"issue": self._issue, "refuse": self._refuse, "revoke": self._revoke, "review": self._review}
        for event in events:
            if event.get("type") in takes:
                takes[event["type"]](event)
        return self

    def _issue(self, event: dict[str, Any]) -> None:
        name = event["caller"]["name"]
        self.persons[name] += 1
        self.roles[event["role"]] += 1
        self.hours[f"{event['at'][11:13]}:00"] += 1
        arn = ((event.get("decision") or {}).get("role") or {}).get("arn", "")
        self.accounts[arn.split(":")[4] if arn else "unknown"] += 1
        self._issued[event["session"]] = event["at"]
        if event["detail"].get("break_glass"):
            told = {"caller": name, "role": event["role"], "at": event["at"], "reason": event["reason"]}
            self.break_glass[event["session"]] = {**told, "reviewed_by": None, "reviewed_at": None}

    def _refuse(self, event: dict[str, Any]) -> None:
        self.refused[event["detail"].get("code", "")] += 1
        self.refused_persons[event["caller"]["name"]] += 1

    def _revoke(self, event: dict[str, Any]) -> None:
        self.revocations += 1
        for session in event["detail"].get("sessions", ()):
            if session in self._issued:
                self.revoked_after.append((_at(event["at"]) - _at(self._issued[session])).total_seconds())

    def _review(self, event: dict[str, Any]) -> None:
        if glass := self.break_glass.get(event["session"]):
            glass |= {"reviewed_by": event["caller"]["name"], "reviewed_at": event["at"]}

    def document(self) -> dict[str, Any]:
        """All of it for programs. `median_seconds` is how old a session was when it was revoked."""
        return {
            "sessions": sum(self.persons.values()),
            "by_person": dict(self.persons.most_common()),
            "by_role": dict(self.roles.most_common()),
            "by_account": dict(self.accounts.most_common()),
            "by_hour_utc": dict(sorted(self.hours.items())),
            "refused": dict(self.refused.most_common()),
            "refused_by_person": dict(self.refused_persons.most_common()),
            "break_glass": [{"session": session, **told} for session, told in self.break_glass.items()],
            "revocations": {
                "count": self.revocations,
                "sessions": len(self.revoked_after),
                "median_seconds": round(median(self.revoked_after)) if self.revoked_after else None,
                "longest_seconds": round(max(self.revoked_after)) if self.revoked_after else None,
            },
        }


def rows(document: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    """A row of COLUMNS for each number."""
    sections = ("by_person", "by_role", "by_account", "by_hour_utc", "refused", "refused_by_person", "revocations")
    for section in sections:
        yield from ((section, name, "" if count is None else count) for name, count in document[section].items())
    for glass in document["break_glass"]:
        review = f"reviewed by {glass['reviewed_by']}" if glass["reviewed_by"] else "not reviewed"
        yield "break_glass", f"{glass['caller']} on {glass['role']}, {glass['at']}, {review}", 1


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
