"""The grammar of `/access`, and the answer to any other text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.core.domain.ids import FORM
from chalicelib.core.domain.times import duration

ROLE = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
MAX_REASON = 1000
USUAL_SECONDS = 3600

USAGE = (
    "`/access` what you may have",
    "`/access request ROLE [2h] REASON` ask for a role",
    "`/access mine` your requests",
    "`/access who ROLE` who has it, and who waits for it",
    "`/access revoke ID` give access back, or take a session back",
)


class NotUnderstood(ValueError):
    """The words are no command; the message says what is."""


@dataclass(frozen=True, slots=True)
class ShowRoles:
    """Show the roles that are open to the caller."""


@dataclass(frozen=True, slots=True)
class ShowMine:
    """Show the caller's requests."""


@dataclass(frozen=True, slots=True)
class ShowWho:
    """Show who has this role."""

    role: str


@dataclass(frozen=True, slots=True)
class AskFor:
    """I want this role."""

    role: str
    seconds: int
    reason: str


@dataclass(frozen=True, slots=True)
class Revoke:
    """End this grant or session."""

    id: str


Command = ShowRoles | ShowMine | ShowWho | AskFor | Revoke


def parse(text: str) -> Command:
    """The command in what follows `/access`; NotUnderstood says what was expected."""
    verb, *rest = text.split() or [""]
    match verb.lower(), rest:
        case "", []:
            return ShowRoles()
        case "mine", []:
            return ShowMine()
        case "who", [role]:
            return ShowWho(_role(role))
        case "revoke", [identifier]:
            return Revoke(_id(identifier))
        case "request", [role, *words]:
            return _ask(role, words)
        case _:
            raise NotUnderstood("\n".join(USAGE))


def _ask(role: str, words: list[str]) -> AskFor:
    """The second word is a duration if it reads like one; without, it is an hour and all words are the reason."""
    seconds = USUAL_SECONDS
    if words:
        try:
            seconds = int(duration(words[0].lower()).total_seconds())
        except (ValueError, OverflowError):
            pass  # the reason begins here
        else:
            words = words[1:]
    reason = " ".join(words)
    if len(reason) > MAX_REASON:
        raise NotUnderstood(f"The reason may have {MAX_REASON} characters.")
    return AskFor(_role(role), seconds, reason)


def _role(word: str) -> str:
    if not ROLE.fullmatch(word):
        raise NotUnderstood("That is no name of a role. `/access` lists those you may see.")
    return word


def _id(word: str) -> str:
    if not FORM.fullmatch(word.lower()):
        raise NotUnderstood("That is no id. `/access mine` lists yours.")
    return word.lower()
