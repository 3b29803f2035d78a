"""What people and other systems see in the counterpart of Slack, and what of the audit belongs to one request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.e2e.auditing import eventually

if TYPE_CHECKING:
    from localaws.slack import Slack

MESSAGES_WITHIN_SECONDS = 120


def answered(slack: Slack, said: dict[str, Any], user: str, part: str, earlier: int = 0) -> str:
    """The newest private answer to `user` that has `part`, once there are more of them than `earlier`."""
    assert (said["status"], said["text"]) == (200, "")
    told = eventually(lambda: answers(slack, user, part)[earlier:], bool)
    assert told, answers(slack, user, "")
    return told[-1]


def answers(slack: Slack, user: str, part: str) -> list[str]:
    """Everything they were told that has this part."""
    found = [one for one in slack.do("state")["answers"] if one["user"] == user]
    assert {one["response_type"] for one in found} <= {"ephemeral"}
    return [one["text"] for one in found if part in one["text"]]


def message_about(slack: Slack, part: str, enough: str = "") -> dict[str, Any]:
    """The message in the channel that speaks of `part`, once it also says `enough`."""

    def look() -> list[dict[str, Any]]:
        found = [one for one in slack.do("state")["messages"] if part in json.dumps(one)]
        return [one for one in found if enough in json.dumps(one)]

    found = eventually(look, bool, seconds=MESSAGES_WITHIN_SECONDS)
    assert len(found) == 1, slack.do("state")["messages"]
    return found[0]


def asked(slack: Slack, user: str, reason: str) -> str:
    """The id of what they asked for in the chat."""
    earlier = len(answers(slack, user, "is filed"))
    said = slack.do("say", user=user, text=f"request prod-ec2 2h {reason}")
    return answered(slack, said, user, "is filed", earlier).split("`")[1]


def joined(events: list[dict[str, Any]], request: str) -> list[dict[str, Any]]:
    """What belongs to one request: its own steps, and sessions under its grant."""
    return [one for one in events if request in (one["detail"].get("request"), one["detail"].get("grant"))]


def types(events: list[dict[str, Any]]) -> set[str]:
    return {event["type"] for event in events if event["type"] != "refuse"}
