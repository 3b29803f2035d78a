"""Callers: parsed from the identity that API Gateway verified, and their names in AWS."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.core.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.domain.roles import Account

USER_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
"""IAM CreateUser, UserName."""

USER_ARN = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):user/(?:.*/)?([\w+=,.@-]{1,64})", re.ASCII)
SESSION_ARN = re.compile(r"arn:aws[\w-]*:sts::(\d{12}):assumed-role/([\w+=,.@-]{1,64})/([\w+=,.@-]{2,64})", re.ASCII)

OWN_KEYS = "access-broker:"
"""Prefix of the tags that tell the broker about a caller: suspended, linked to chat, made by it."""

SLACK_TAG = "access-broker:slack"
"""The Slack account that acts as the user in chat: TEAM/USER, as in T0123ABC/U0456DEF."""

STS_NAME_SHORTEST = 2
STS_NAME_LENGTH = 64
"""RoleSessionName and SourceIdentity: 2 to 64 of [\\w+=,.@-] (STS AssumeRole)."""

DIGEST_LENGTH = 12
DIGESTED = re.compile(rf"-[0-9a-f]{{{DIGEST_LENGTH}}}$")


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated IAM principal.

    `name` is the user name, or `ROLE/SESSION` for an assumed-role session.
    `unique_id` is IAM's AIDA… or AROA… id: a recreated namesake has another.
    `unknown` callers appear in the record of their refusal and nowhere else.
    `brokered` marks a session of a role that the broker hands out, or that a
    brokered deployer can make: who holds one is a caller with keys of their
    own, and comes with these.
    A session of a member account's role is named `ACCOUNT ID:ROLE/SESSION`
    (access.domain.member_callers); `home` is that account.
    """

    kind: Literal["user", "role", "unknown"]
    name: str
    arn: str
    account: str
    unique_id: str
    groups: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    brokered: bool = False
    home: Account | None = None

    @property
    def member(self) -> bool:
        """True for callers of member accounts: IAM allows no colon in the name of a user, role or session."""
        return ":" in self.name


def caller_from_identity(identity: Mapping[str, object]) -> Caller:
    """Read the caller from API Gateway's `requestContext.identity`, and from nothing else.

    Shape: docs "API Gateway mapping template and access logging variable
    reference", `$context.identity.*`. Anything but an IAM user or an
    assumed-role session (root, federated users, unsigned) is refused.
    """
    arn = str(identity.get("userArn") or "")
    unique_id = str(identity.get("user") or identity.get("caller") or "")
    user = USER_ARN.fullmatch(arn)
    if user and unique_id:
        return Caller("user", user[2], arn, user[1], unique_id)
    session = SESSION_ARN.fullmatch(arn)
    if session and unique_id:
        return Caller("role", f"{session[2]}/{session[3]}", arn, session[1], unique_id)
    raise Refused("Only IAM users and assumed-role sessions may call the broker. Sign with an IAM user's access key.")


def tags_of(entity: Mapping[str, Any]) -> dict[str, str]:
    """The tags of an IAM user or role as IAM answers it, keys of the broker's own in lower case.

    IAM takes keys that differ in case only for one: `Access-Broker:Suspended` suspends.
    """
    tags = {str(tag["Key"]): str(tag["Value"]) for tag in entity.get("Tags", ())}
    return {key.lower() if key.lower().startswith(OWN_KEYS) else key: value for key, value in tags.items()}


def source_identity(caller: Caller) -> str:
    """The SourceIdentity stamped on the caller's sessions: no two callers share one.

    A user's is the user name. Names that are too short, or that could be
    mistaken for the forms below, get the prefix `user=`; sessions are
    `role=ROLE,SESSION`, those of member accounts `role=ACCOUNT ID=ROLE,SESSION`.
    What that leaves open a digest of the whole decides.
    """
    if caller.kind == "role":
        return _fit(f"role={caller.name}")
    if len(caller.name) < STS_NAME_SHORTEST or caller.name.startswith(("user=", "role=")):
        return _fit(f"user={caller.name}")
    return caller.name


def role_session_name(caller: Caller, session_id: str) -> str:
    """`<caller>-<session id>`, cut on the caller's side so that the id stays whole."""
    name = source_identity(caller)
    return f"{name[: STS_NAME_LENGTH - len(session_id) - 1]}-{session_id}"


def _fit(whole: str) -> str:
    """As STS takes it; with a digest where the name is too long, holds a comma or colon, or ends like a digest."""
    name = whole.replace("/", ",").replace(":", "=")
    exact = "," not in whole and ":" not in whole
    if len(name) <= STS_NAME_LENGTH and exact and not DIGESTED.search(name):
        return name
    digest = hashlib.sha256(whole.encode()).hexdigest()[:DIGEST_LENGTH]
    return f"{name[: STS_NAME_LENGTH - DIGEST_LENGTH - 1]}-{digest}"
