"""Access decided from the text of the policies, by none of the broker's own code: the whole set, every time.

Written after docs/policy-language.md and docs/approvals.md.
"""

from __future__ import annotations

import json
import re
from typing import Any

import cedarpy

SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
CONTEXT = ("duration_seconds", "reason_given", "session_policy_given", "session_tags", "mfa", "via")


class WholeSet:
    """A policy set, and the answers it gives to an event's facts."""

    def __init__(self, texts: list[str]) -> None:
        self.notes: dict[str, dict[str, str]] = {}
        documents = {}
        for text in texts:
            for document in json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values():
                name = document["annotations"]["id"]
                self.notes[name], documents[name] = document["annotations"], document
        whole = {"staticPolicies": documents, "templates": {}, "templateLinks": []}
        self.policies = cedarpy.PolicySet.from_json_str(json.dumps(whole))

    def outcome(self, event: dict[str, Any]) -> str:
        saw = event["decision"]
        if saw["action"] == "RequestAccess":
            return self._requested(event, saw)
        return self._taken(event, saw)

    def _taken(self, event: dict[str, Any], saw: dict[str, Any]) -> str:
        doors = self._matching(event, saw, saw["action"])
        if not doors:
            return self._unseen(event, saw)
        own = [self._closed(door, saw, 0, saw["reason_given"]) for door in doors]
        if "" in own:
            return "allowed"
        grants = saw.get("grants", []) if saw["action"] != "BreakGlass" else []
        if grants:
            reasoned = saw["reason_given"] or any(grant["reason"] for grant in grants)
            approved = [door for door in doors if self._count(door)]
            closed = [self._closed(door, saw, 99, reasoned) for door in approved]
            if "" in closed and max(grant["approvals"] for grant in grants) >= self._least(approved, closed):
                return "allowed"
            if approved and "" not in closed:
                return closed[approved.index(self._easiest(approved))]
        return own[doors.index(self._easiest(doors))]

    def _requested(self, event: dict[str, Any], saw: dict[str, Any]) -> str:  # noqa: PLR0911  the rules in a row
        may = self._matching(event, saw, "RequestAccess")
        taking = self._matching(event, saw, "TakeCredentials", whole=True)
        if not may:
            if taking and not all(map(self._count, taking)):
                return "not_allowed" if self._matching(event, saw, "SeeRole") else "not_found"
            return self._unseen(event, saw)
        if all(self._closed(door, saw, 99, saw["reason_given"]) for door in may):
            return "reason_required"
        console = self._matching(event, saw, "OpenConsole", whole=True)
        found = [doors for doors in (taking, console) if doors]
        if not found:
            return self._unseen(event, saw)
        doors = next((doors for doors in found if all(map(self._count, doors))), found[0])
        if not all(map(self._count, doors)):
            return "standing"
        long = [door for door in doors if self._seconds(door, "grant", 3600) >= saw["duration_seconds"]]
        if not long:
            return "invalid_request"
        free = [door for door in long if saw["reason_given"] or "reason" not in self.notes[door]]
        return "allowed" if free else "reason_required"

    def _unseen(self, event: dict[str, Any], saw: dict[str, Any]) -> str:
        return "not_allowed" if self._matching(event, saw, "SeeRole") else "not_found"

    def _closed(self, door: str, saw: dict[str, Any], approvals: int, reasoned: bool) -> str:  # noqa: FBT001  internal
        if self._count(door) > approvals:
            return "approval_required"
        if "reason" in self.notes[door] and not reasoned:
            return "reason_required"
        if saw["duration_given"] and saw["duration_seconds"] > self._longest(door, saw):
            return "invalid_request"
        if "mfa" in self.notes[door] and not saw["mfa"]:
            return "mfa_required"
        return ""

    def _least(self, doors: list[str], closed: list[str]) -> int:
        opening = [door for door, why in zip(doors, closed, strict=True) if not why]
        return self._count(self._easiest(opening))

    def _easiest(self, doors: list[str]) -> str:
        def ease(door: str) -> tuple[int, bool, bool, int, str]:
            longest = self._seconds(door, "max_duration", 3600)
            return self._count(door), "mfa" in self.notes[door], "reason" in self.notes[door], -longest, door

        return min(doors, key=ease)

    def _longest(self, door: str, saw: dict[str, Any]) -> int:
        return min(3600, int(saw["role"]["max_session_seconds"]), self._seconds(door, "max_duration", 3600))

    def _count(self, door: str) -> int:
        return int(self.notes[door].get("approvals", "0"))

    def _seconds(self, door: str, name: str, usual: int) -> int:
        text = self.notes[door].get(name)
        return sum(int(n) * SECONDS[u] for n, u in re.findall(r"(\d+)([dhms])", text)) if text else usual

    def _matching(self, event: dict[str, Any], saw: dict[str, Any], action: str, *, whole: bool = False) -> list[str]:
        """The permits that match, unless a forbid does; `whole` asks for the longest session, without tags."""
        usual = {"duration_seconds": 3600, "session_tags": [], "session_policy_given": False} if whole else {}
        context = {name: usual.get(name, saw[name]) for name in CONTEXT}
        context["at"] = {"__extn": {"fn": "datetime", "arg": saw["at"]}}
        context["source_ip"] = {"__extn": {"fn": "ip", "arg": saw["source_ip"]}}
        who = {"type": "Broker::User", "id": event["caller"]["name"]}
        what = {"type": "Broker::Role", "id": event["role"]}
        groups = [{"type": "Broker::Group", "id": group} for group in saw["caller"]["groups"]]
        tags = {name: value for name, value in saw["caller"]["tags"].items() if value is not None}
        about = {"name": who["id"], "id": event["caller"]["id"], "account": saw["caller"]["account"]}
        path = "/" + saw["role"]["arn"].split(":role/")[1].removesuffix(event["role"])
        role = {
            "name": what["id"],
            "account": saw["role"]["arn"].split(":")[4],
            "path": path,
            "tier": saw["role"]["tier"],
        }
        entities = [
            {"uid": who, "attrs": about, "tags": tags, "parents": groups},
            {"uid": what, "attrs": role, "tags": saw["role"]["tags"], "parents": []},
            *({"uid": group, "attrs": {}, "tags": {}, "parents": []} for group in groups),
        ]
        request = {"principal": who, "action": {"type": "Broker::Action", "id": action}, "resource": what}
        answer = cedarpy.is_authorized({**request, "context": json.dumps(context)}, self.policies, json.dumps(entities))
        assert not answer.diagnostics.errors
        return sorted(answer.diagnostics.reasons) if answer.allowed else []
