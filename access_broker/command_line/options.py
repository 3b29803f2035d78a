"""Options and arguments that several commands have."""

from __future__ import annotations

import re
from pathlib import Path

from access_broker.command_line.spec import Argument, Option
from access_broker.output.times import seconds, since


def role_name(text: str) -> str:
    """A role's name as AWS allows it, with its account before it or not."""
    if not re.fullmatch(r"(?:[\w-]{1,64}:)?[\w+=,.@-]{1,64}", text, re.ASCII):
        raise ValueError("a role's name has letters, digits and + = , . @ _ -, for example ec2-full.")
    return text


def identifier(text: str) -> str:
    """An id, or the beginning of one."""
    if not re.fullmatch(r"[0-9A-Za-z-]{1,64}", text, re.ASCII):
        raise ValueError("an id has letters and digits, for example 01kxyz; its beginning is enough.")
    return text.lower()


def user_name(text: str) -> str:
    """A user's name as AWS allows it."""
    if not re.fullmatch(r"[\w+=,.@-]{1,64}", text, re.ASCII):
        raise ValueError("a user's name has letters, digits and + = , . @ _ -, for example dana.")
    return text


def caller_name(text: str) -> str:
    """A user, a role, ROLE/SESSION or sso/PERSON; for a member account, with its id and a colon in front."""
    if not re.fullmatch(r"(?:[0-9]{12}:)?[\w+=,.@-]{1,64}(?:/[\w+=,.@-]{1,64})?", text, re.ASCII):
        raise ValueError(
            "a caller is a user, a role, ROLE/SESSION or sso/PERSON, for example alice; "
            "in a member account 111122223333:ROLE/SESSION, with the account's id."
        )
    return text


def positive(text: str) -> int:
    """A whole number from 1."""
    if not (text.isascii() and text.isdecimal() and int(text[:9]) > 0 and len(text) < 10):  # noqa: PLR2004  digits
        raise ValueError("write a whole number from 1, for example 100.")
    return int(text)


def port(text: str) -> int:
    """A TCP port, or 0."""
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text) <= 65535):  # noqa: PLR2004  TCP's
        raise ValueError("a port is a number up to 65535, for example 9911; 0 takes a free one.")
    return int(text)


URL = Option("--url", "The broker's address (or BROKER_URL).", "URL")
PROFILE = Option("--profile", "The AWS profile that signs.", "NAME", names="profile")
REGION = Option("--region", "The region that the broker runs in.", "REGION")
JSON = Option("--json", "Print JSON on stdout and nothing else.")
MFA_CODE = Option("--mfa-code", "The present code of your MFA device (or AWS_MFA_CODE).", "CODE")
EVERYWHERE = (URL, PROFILE, REGION, MFA_CODE, JSON)
"""Options of every command, before its name or after it."""

VERSION = Option("--version", "Print the version; with --json the broker's as well.")
HELP = Option("--help", "Explain the command.")

ROLE = Argument("ROLE", "A role's name, as `broker roles` shows it.", role_name, names="role")
FOR = Option("--for", "How long it is needed: 30m, 8h. [1h]", "TIME", seconds)
REASON = Option("--reason", "Why; it is kept in the audit log.", "TEXT")
SESSION = Argument("ID", "The session's id, as `broker sessions` shows it.", identifier, names="session")
REQUEST = Argument("ID", "The request's id, as `broker requests` shows it.", identifier, names="request")
SINCE = Option("--since", "From then on: 24h, 7d, 2w, 2026-01-31, or an RFC 3339 time.", "TIME", since)
OF_CALLER = Option("--caller", "Of this caller only.", "NAME", names="caller")
OF_ROLE = Option("--role", "Of this role only.", "ROLE", role_name, names="role")
FRESH = Option("--fresh", "Take new credentials even if kept ones would do: those may be revoked.")
BREAK_GLASS = Option("--break-glass", "In an emergency, where a rule allows it: no approval, but a review afterwards.")
NO_WAIT = Option("--no-wait", "Where approval is needed, file the request and leave (exit 3).")

ASKING = (
    FOR,
    REASON,
    Option("--policy", "A session policy (JSON): it can only narrow the role.", "FILE", Path, names="file"),
    Option("--policy-arn", "A managed policy that narrows the role.", "ARN", many=True),
    Option("--tag", "A session tag.", "KEY=VALUE", many=True),
)
"""Options that say what a role is asked for."""


def limit(usual: int | None) -> Option:
    """`--limit` with its usual value."""
    shown = "all" if usual is None else str(usual)
    return Option("--limit", f"At most this many. [{shown}]", "COUNT", positive, usual=usual)
