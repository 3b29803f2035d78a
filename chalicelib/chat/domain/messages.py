"""Messages of the broker in chat. They never hold a credential or a sign-in URL. Quoted text cannot mention or link.

Block Kit: docs.slack.dev/reference/block-kit. Limits: 3,000 characters of text in a section. What the broker
says stands before what others say, so that no length of theirs can push it out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.approvals.domain.grants import granted
from chalicelib.approvals.domain.requests import outcome
from chalicelib.chat.domain.notices import review_standing
from chalicelib.core.domain.visible_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from chalicelib.approvals.domain.requests import Request
    from chalicelib.core.domain.sessions import Session


SECTION_CHARACTERS = 3000
SHOWN_AT_MOST = 20
ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
"""The three characters with which Slack's text would mention a person, link or hide (formatting message text)."""

HALF = re.compile(r"(&[a-z]*|<[^>]*)$")
"""An escape or one of Slack's own forms that a cut left without its end."""

HOW_TO_LINK = (
    "The broker does not know you here. Ask an administrator to tag your IAM user: "
    "`access-broker:slack` = `{handle}`. Your own `broker` command works without it."
)

DOUBLY_LINKED = "More than one IAM user is tagged as you. Ask an administrator to mend that."


@dataclass(frozen=True, slots=True)
class Message:
    """A message: `text` for notifications and screen readers, `blocks` as Slack's Block Kit draws them."""

    text: str
    blocks: tuple[Mapping[str, Any], ...] = ()


def plain(words: str) -> str:
    """Quoted text on one line. It cannot mention a person, hold a link or imitate a line of the broker."""
    return one_line(words).translate(ESCAPES)


def request_message(request: Request, now: datetime) -> Message:
    """A request for those who may decide; the buttons are gone once it is settled."""
    waiting = request.state_at(now) == "pending"
    text = f"{plain(request.caller)} asks for {plain(request.role)} for {span(request.duration_seconds)}"
    lines = [f"*{text}*"]
    if request.asked_by:
        lines.append(f"Asked for them by {plain(request.asked_by)}")
    lines.append(_standing(request, now))
    blocks = [section("\n".join(lines)), section(f"Reason: {plain(request.reason) or '(none)'}")]
    if waiting:
        buttons = [_button("approve", "Approve", "primary", request), _button("deny", "Deny", "danger", request)]
        blocks.append({"type": "actions", "elements": buttons})
    return Message(text, tuple(blocks))


def broken_glass_message(session: Session) -> Message:
    """A break-glass session, shown to the whole channel until it is reviewed."""
    text = f"{plain(session.caller)} broke the glass on {plain(session.role)}"
    reviewed = f"Reviewed by {plain(session.reviewed_by)}: {plain(session.review_comment) or '(no comment)'}"
    standing = {
        "open": f"<!here> Not reviewed yet: `broker review {session.id} --comment TEXT`",
        "reviewed": reviewed,
        "failed": "It came to nothing: AWS refused the session.",
    }[review_standing(session)]
    until = f"Until {_when(session.expires_at)}, session `{session.id}`"
    alarm = section(f":rotating_light: *{text}*\n{until}\n{standing}")
    return Message(text, (alarm, section(f"Reason: {plain(session.reason)}")))


def section(text: str) -> dict[str, Any]:
    """A block of text, cut to what Slack takes.

    `verbatim`: Slack reads `<!here>` and its like, and makes no link of an address or a name in plain words.
    """
    if len(text) > SECTION_CHARACTERS:
        text = HALF.sub("", text[: SECTION_CHARACTERS - 1]) + "…"
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def filed(request: Request) -> str:
    """The answer to the person who asked."""
    return (
        f"Request `{request.id}` for {plain(request.role)} for {span(request.duration_seconds)} is filed; "
        f"{request.approvals} must agree. "
        f"Once they have, collect it with `broker exec {plain(request.role)} -- COMMAND`."
    )


def decision_said(request: Request) -> str:
    """The answer to the person who decided."""
    return plain(outcome(request))


def requests_list(requests: Iterable[Request], now: datetime) -> str:
    """Requests, a line each."""
    lines = [
        f"`{one.id}` {plain(one.role)}: {one.state_at(now)} ({plain(one.caller)}, {span(one.duration_seconds)})"
        for one in list(requests)[:SHOWN_AT_MOST]
    ]
    return "\n".join(lines) or "No requests."


def span(seconds: int) -> str:
    """9000 is 2h30m."""
    hours, minutes = divmod(round(seconds / 60), 60)
    return "".join((f"{hours}h" if hours else "", f"{minutes}m" if minutes else "")) or "0m"


def _standing(request: Request, now: datetime) -> str:
    """Until when, or how many still must agree; then who decided, with their words."""
    if request.state_at(now) == "expired":
        return "No decision came in time."
    if request.state == "cancelled":
        return "Cancelled by the requester."
    said = [
        f"{'Approved' if one.decision == 'approve' else 'Denied'} by {plain(one.by)}"
        + (f": {plain(one.comment)}" if one.comment else "")
        for one in request.decisions
    ]
    if request.state == "approved":
        grant = granted(request)
        said.insert(0, f"Until {_when(grant.until)}; the last session begins by {_when(grant.usable_until)}")
    if request.state == "pending":
        said.insert(0, f"{len(request.approvers)} of {request.approvals} agreed; answer by {_when(request.answer_by)}")
    return "\n".join(said)


def _when(at: datetime) -> str:
    """In the reader's own time zone (Slack's date formatting), in UTC for those who cannot."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{at:%Y-%m-%d %H:%M} UTC>"


def _button(action: str, words: str, style: str, request: Request) -> dict[str, Any]:
    return {
        "type": "button",
        "action_id": action,
        "text": {"type": "plain_text", "text": words},
        "style": style,
        "value": request.id,
    }
