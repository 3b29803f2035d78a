"""The grammar of `/access`, and the answer to any other text."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass

from chalicelib.core.domain.ids import FORM
from chalicelib.core.domain.times import duration

ROLE = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
UNITS = re.compile(r"(?P<number>\d{1,6})(?P<unit>d(ays?)?|h((ou)?rs?)?|m(in(ute)?s?)?)\.?", re.ASCII)
NUMBER = re.compile(r"\d+")
QUOTES = "\"'`\u201c\u201d\u2018\u2019"
"""Around a role: typed, or made of typed ones by Slack."""

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
    """The words after the role are a duration, if they begin like one, and the reason; without, it is an hour."""
    seconds, words = _how_long(words)
    reason = " ".join(words)
    if len(reason) > MAX_REASON:
        raise NotUnderstood(f"The reason may have {MAX_REASON} characters.")
    return AskFor(_role(role), seconds, reason)


def _how_long(words: list[str]) -> tuple[int, list[str]]:
    """The seconds, and the words after them. A number without a unit is asked back: it may be either."""
    for count in (1, 2):
        text = unicodedata.normalize("NFKC", "".join(words[:count])).lower()
        if (found := UNITS.fullmatch(text)) and len(words) >= count:
            text = f"{found['number']}{found['unit'][0]}"
        with suppress(ValueError, OverflowError):
            seconds = int(duration(text).total_seconds())
            return seconds, words[count + 1 :] if words[count : count + 1] == ["for"] else words[count:]
    if words and NUMBER.fullmatch(words[0]):
        raise NotUnderstood(f"How long is {words[0]}? Write it with a unit before the reason, as 2h or 30m.")
    return USUAL_SECONDS, words


def _role(word: str) -> str:
    word = word.strip(QUOTES)
    if not ROLE.fullmatch(word):
        raise NotUnderstood("That is no name of a role. `/access` lists those you may see.")
    return word


def _id(word: str) -> str:
    if not FORM.fullmatch(word.lower()):
        raise NotUnderstood("That is no id. `/access mine` lists yours.")
    return word.lower()
