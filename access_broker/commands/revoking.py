"""Taking access back: one session, one caller everywhere, or one role."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from access_broker.command_line.options import REASON, caller_name, identifier, positive, role_name
from access_broker.command_line.spec import Argument, Command, Option
from access_broker.commands.ended_with_others import forget, widened_words
from access_broker.commands.sessions import facts, read_activity
from access_broker.failures import Failure, Misused, NotFound
from access_broker.names import whole_id
from access_broker.output.times import local_and_utc, span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection

LOOK_EVERY_SECONDS = 5.0
REFUSALS = ("AccessDenied", "Unauthorized")
"""The beginning or end of CloudTrail's errorCode when IAM refused (EC2 has Client.UnauthorizedOperation)."""


def revoke(connection: Connection, given: Given) -> None:
    """End one session, or all of a caller or role."""
    one, caller, role = given.text("id"), given.text("caller"), given.text("role")
    if [one, caller, role].count(None) != 2:  # noqa: PLR2004  exactly one of three
        raise Misused("Name what to end: a session's ID, or --caller NAME, or --role ROLE; one of them.")
    patience = given.number("patience") or 0
    if one:
        whole = whole_id(connection, one, "sessions")
        _revoke_session(connection, whole, given.text("reason"), patience if given.flag("wait") else 0)
    elif given.flag("wait"):
        raise Misused("--wait watches one session: pass its ID.")
    else:
        _revoke_many(connection, caller=caller, role=role, reason=given.text("reason"))


def _revoke_session(connection: Connection, identifier: str, reason: str | None, patience: int) -> None:
    session = connection.broker.delete("sessions", identifier, reason=reason)
    forget({identifier})
    for words in widened_words(session.get("widened")):
        connection.output.notice(words)
    if not patience or session["state"] != "revoked":
        connection.output.show(session, lambda: connection.output.facts(facts(session)))
        return
    refused = _refused_call(connection, session, patience)
    seen = f"Its call at {local_and_utc(refused['at'])} was refused." if refused else _unseen(patience)
    connection.output.show({**session, "refused_call": refused}, lambda: connection.output.line(seen))


def _revoke_many(connection: Connection, *, caller: str | None, role: str | None, reason: str | None) -> None:
    done = connection.broker.post("revocations", body={"caller": caller, "role": role, "reason": reason})
    ended = done["revocation"]
    forget(set(ended.get("sessions") or []))
    roles = ", ".join(ended.get("roles") or [])
    words = f"Ended {len(ended.get('sessions') or [])} sessions of {ended['name']} on {roles or 'no role'}."
    direct = [_directly(ended["name"], one) for one in ended.get("direct_roles") or []]
    nothing = not (roles or direct)

    def said() -> None:
        for line in () if nothing else (words, *direct):
            connection.output.line(line)
        for line in (*widened_words(ended.get("widened")), *_still_standing(caller, role)):
            connection.output.notice(line)

    connection.output.show(done, said)
    if nothing:
        name = ended["name"]
        raise NotFound(
            f"Nothing was ended: {name} has no live session. Check the name: broker sessions --caller {name}"
        )


def _still_standing(caller: str | None, role: str | None) -> list[str]:
    """The access that a revocation does not end, and the command that does."""
    if role:
        return [f"New sessions of {role} may start at once, for every caller that its rules allow."]
    return [
        (
            f"The access keys and grants of {caller} still stand: the next command takes a new session. To stop that: "
            f"broker suspend {caller} --reason TEXT"
        )
    ]


def _directly(caller: str, role: str) -> str:
    return f"{caller} may also assume {role} without the broker; that ends with: broker revoke --role {role}"


def _refused_call(connection: Connection, session: dict[str, Any], patience: int) -> dict[str, Any] | None:
    """The first call after the revocation that IAM refused; None where none was seen in time."""
    allowed: dict[str, Any] | None = None
    watching = f"Watching CloudTrail for a refused call, up to {span(patience)} (Ctrl-C to leave)."
    with connection.output.working(watching):
        for _ in _looks(patience):
            calls = read_activity(connection, session["id"], 1000, lambda _words: None).calls
            later = [event for event in calls if event["at"] > session["revoked_at"]]
            refused = [event for event in later if any(word in event.get("error", "") for word in REFUSALS)]
            if refused:
                return refused[0]
            allowed = later[-1] if later else allowed
    if allowed:
        raise Failure(f"The session is revoked, but its call at {local_and_utc(allowed['at'])} was still allowed.")
    return None


def _looks(patience: int) -> Iterator[int]:
    """One look after the other until patience is over."""
    began = time.monotonic()
    while True:
        yield round(time.monotonic() - began)
        if time.monotonic() - began + LOOK_EVERY_SECONDS > patience:
            return
        time.sleep(LOOK_EVERY_SECONDS)


def _unseen(patience: int) -> str:
    return (
        f"The session is revoked; no call of it was seen in {span(patience)}, so its refusal could not be observed: "
        "it may be idle, and CloudTrail shows calls some minutes late."
    )


COMMANDS = {
    "revoke": Command(
        revoke,
        "End sessions now: one, all of a caller, or all of a role.",
        (
            Argument("ID", "The session to end.", identifier, optional=True, names="session"),
            Option("--caller", "End every session of this caller.", "NAME", caller_name, names="caller"),
            Option("--role", "End every session of this role.", "ROLE", role_name, names="role"),
            REASON,
            Option("--wait", "Watch until a call of the session is refused."),
            Option("--patience", "Seconds to watch at most. [900]", "SECONDS", positive, usual=900),
        ),
        more="No other session ends. Where a role's list has no room left for one, others on that role end with it: "
        "the command says which, and their people take new credentials. A caller without a live session gives exit "
        "code 4: the name may be mistyped.",
        examples=(
            "broker revoke 01kxyz --wait",
            'broker revoke --caller alice --reason "laptop stolen"',
            'broker revoke --role prod-ec2 --reason "key in a build log"',
        ),
    )
}
