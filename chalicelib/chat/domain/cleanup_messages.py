"""Messages of clean-up in chat: each step that an owner should know, and each run that changed or wanted something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chalicelib.chat.domain.messages import Message, plain, section

if TYPE_CHECKING:
    from collections.abc import Mapping

TOLD = {
    "warned": "unused for a long time: it will be quarantined next",
    "quarantined": "unused for a long time: everything is now denied to it",
    "deleted": "not needed during its quarantine: it was exported and deleted",
}
"""By stage. Reported roles are only counted, in the message of the run."""


TOLD_OF_KEYS = {"warned": "is old: it becomes inactive next", "deactivated": "is old: it is inactive now"}
"""The same for access keys."""

SLACK_USER = re.compile(r"T[A-Z0-9]+/([UW][A-Z0-9]+)")
"""The tag `access-broker:slack` of a user: TEAM/USER."""


def cleanup_message(event: Mapping[str, Any]) -> Message | None:
    """The message of a `cleanup` event (docs/audit.md), or None if there is nothing to tell."""
    detail = event["detail"]
    if "key" in detail:
        return _of_key(detail)
    return _of_role(event["role"], detail) if event["role"] else _of_run(detail)


def _of_key(detail: Mapping[str, Any]) -> Message | None:
    """The message about an access key. It mentions the owner if their Slack account is known."""
    stage, before = detail["stage"], detail["before"]
    if stage not in TOLD_OF_KEYS and not (stage == "alive" and before in TOLD_OF_KEYS):
        return None
    said = TOLD_OF_KEYS.get(stage, f"is back from {before}")
    account = SLACK_USER.fullmatch(detail["owner_in_slack"])
    owner = f"Owner: {plain(detail['owner'])}" + (f" <@{account[1]}>" if account else "")
    heading = f"Access key {plain(detail['key'])} of {plain(detail['owner'])} {said}"
    return _message(heading, plain(detail["why"]), owner, plain(detail["what_to_do"]))


def _of_role(role: str, detail: Mapping[str, Any]) -> Message | None:
    stage, before = detail["stage"], detail["before"]
    if stage in TOLD:
        said = TOLD[stage]
    elif stage == "alive" and before in TOLD:
        said = f"back from {before}: {detail['why']}"
    else:
        return None
    owner = f"Owner: {plain(detail['owner'])}" if detail["owner"] else ""
    return _message(f"{plain(role)}: {plain(said)}", owner, plain(detail["what_to_do"]))


def _of_run(detail: Mapping[str, Any]) -> Message | None:
    budget, changes, failures = detail["budget"], detail["changes"], detail["failures"]
    keys, key_budget = detail.get("keys", {}), detail.get("key_budget", {"exceeded": False})
    if not (changes or keys or failures or budget["exceeded"] or key_budget["exceeded"]):
        return None
    counted = _counted(changes) or "nothing changed"
    stopped = (
        f"Stopped: it would have taken {budget['wanted']} roles further, its budget is {budget['limit']}. "
        "Look at `broker cleanup --dry-run`; then raise the budget or tag roles to keep."
        if budget["exceeded"]
        else ""
    )
    of_keys = f"Access keys: {_counted(keys)}" if keys else ""
    many_keys = (
        f"Stopped: it would have warned of or deactivated {key_budget['wanted']} access keys, the budget is "
        f"{key_budget['limit']}."
        if key_budget["exceeded"]
        else ""
    )
    failed = f"{len(failures)} could not be done; the next run tries again." if failures else ""
    heading = f"Clean-up: {counted}; {detail['stale']} of {detail['ours']} roles are stale"
    return _message(heading, stopped, of_keys, many_keys, failed)


def _counted(changes: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {stage}" for stage, count in sorted(changes.items()))


def _message(text: str, *lines: str) -> Message:
    return Message(text, (section("\n".join([f"*{text}*", *filter(None, lines)])),))
