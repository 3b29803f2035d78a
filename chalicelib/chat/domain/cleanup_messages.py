"""Messages of clean-up in chat: each step that an owner should know, and each run that changed or wanted something."""

from __future__ import annotations

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


def cleanup_message(event: Mapping[str, Any]) -> Message | None:
    """The message of a `cleanup` event (docs/audit.md), or None if there is nothing to tell."""
    return _of_role(event["role"], event["detail"]) if event["role"] else _of_run(event["detail"])


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
    if not (changes or failures or budget["exceeded"]):
        return None
    counted = ", ".join(f"{count} {stage}" for stage, count in sorted(changes.items())) or "nothing changed"
    stopped = (
        f"Stopped: it would have taken {budget['wanted']} roles further, its budget is {budget['limit']}. "
        "Look at `broker cleanup --dry-run`; then raise the budget or tag roles to keep."
        if budget["exceeded"]
        else ""
    )
    failed = f"{len(failures)} could not be done; the next run tries again." if failures else ""
    return _message(f"Clean-up: {counted}; {detail['stale']} of {detail['ours']} roles are stale", stopped, failed)


def _message(text: str, *lines: str) -> Message:
    return Message(text, (section("\n".join([f"*{text}*", *filter(None, lines)])),))
