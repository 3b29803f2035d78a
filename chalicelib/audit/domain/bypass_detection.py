"""Bypass detection: what CloudTrail says of a brokered role being assumed, held against what the broker issued."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.core.domain.callers import SESSION_ARN, USER_ARN, Caller
from chalicelib.core.domain.ids import FORM, ID_LENGTH
from chalicelib.core.domain.times import from_rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.core.domain.roles import Role
    from chalicelib.core.domain.sessions import Session

Verdict = Literal["issued", "unrecorded", "direct_use", "bypass", "not_ours"]

BROKERED_ROLE = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/access-broker/(?:.*/)?([\w+=,.@-]{1,64})", re.ASCII)

ASSUMED_WITHIN = timedelta(seconds=35)
"""The API function, which assumes after it dated the session, lives 30 seconds (retries included); clocks differ."""

DATED_BEFORE = timedelta(minutes=1)
"""CloudTrail drops fractions of a second, and clocks differ. An id is unknown before its time."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """One successful AssumeRole of a role under our path, as CloudTrail recorded it.

    `by` is the principal, `by_role_arn` the role behind it if it is a role
    session itself, `identity_provider` who vouches for it if AWS does not know
    it: SAML's or OpenID's. `access_key_id` names the credentials that were given out.
    `recorded_in` is the account whose trail it is: a call across accounts is recorded in both.
    """

    event_id: str
    at: datetime
    role: str
    role_arn: str
    session_name: str
    source_identity: str
    by: Caller
    by_type: str
    by_role_arn: str
    identity_provider: str
    access_key_id: str
    source_ip: str
    user_agent: str
    recorded_in: str

    @property
    def session_id(self) -> str:
        """The broker's session id, if the session name ends in one."""
        tail = self.session_name[-ID_LENGTH:]
        return tail if FORM.fullmatch(tail) else ""


def assumption(record: Mapping[str, Any], sender: str = "") -> Assumption | None:
    """The assumption in a CloudTrail record; None where no brokered role was assumed.

    `sender` is the account that sent the event, as EventBridge says. CloudTrail
    records only its own account, so a record that names another one is forged.
    Shape: CloudTrail user guide, "record contents" and "userIdentity element".
    """
    asked = record.get("requestParameters") or {}
    role = BROKERED_ROLE.fullmatch(str(asked.get("roleArn", "")))
    if record.get("errorCode") or not role or _forged(record, sender):
        return None
    identity = record.get("userIdentity") or {}
    issuer = (identity.get("sessionContext") or {}).get("sessionIssuer") or {}
    given = (record.get("responseElements") or {}).get("credentials") or {}
    return Assumption(
        event_id=str(record["eventID"]),
        at=from_rfc3339(record["eventTime"]),
        role=role[1],
        role_arn=role[0],
        session_name=str(asked.get("roleSessionName", "")),
        source_identity=str(asked.get("sourceIdentity", "")),
        by=_principal(identity),
        by_type=str(identity.get("type", "")),
        by_role_arn=str(issuer.get("arn", "")),
        identity_provider=str(identity.get("identityProvider", "")),
        access_key_id=str(given.get("accessKeyId", "")),
        source_ip=str(record.get("sourceIPAddress", "")),
        user_agent=str(record.get("userAgent", "")),
        recorded_in=str(record.get("recipientAccountId", "")),
    )


def _forged(record: Mapping[str, Any], sender: str) -> bool:
    recipient = record.get("recipientAccountId")
    return bool(sender and recipient and recipient != sender)


def judge(seen: Assumption, session: Session | None, role: Role | None, broker_role_arn: str) -> Verdict:
    """`issued` if the broker did it and has it on record, `direct_use` if the role's template names the principal.

    `unrecorded` if it was the broker's own function role, under a session id
    whose row does not cover it: there is none, it says that AssumeRole failed,
    or it is of another time. The cause may be credentials that were dropped, or
    a thief of the function's credentials: CloudTrail cannot tell.
    """
    if seen.by_role_arn == broker_role_arn:
        return _by_the_broker(seen, session)
    return "direct_use" if role and seen.role_arn == role.arn and _is_named(seen, role.direct_users) else "bypass"


def _by_the_broker(seen: Assumption, session: Session | None) -> Verdict:
    if not seen.session_id or (session and not _is_of(seen, session)):
        return "bypass"
    return "issued" if session and not session.failed and _in_time(seen, session) else "unrecorded"


def _is_named(seen: Assumption, direct_users: tuple[str, ...]) -> bool:
    """As a template names a user: by name, or by ARN, which may be a role's, or one session's, too."""
    names = {seen.by.arn, seen.by_role_arn} - {""}
    if seen.by_type == "IAMUser":
        names.add(seen.by.name)
    return not names.isdisjoint(direct_users)


def _is_of(seen: Assumption, session: Session) -> bool:
    stamped = seen.source_identity or session.source_identity
    recorded = (session.role_arn, session.session_name, session.source_identity)
    return recorded == (seen.role_arn, seen.session_name, stamped)


def _in_time(seen: Assumption, session: Session) -> bool:
    """True if the times fit. Rows are kept for long and session names are no secret, so a name alone proves nothing."""
    return session.issued_at - DATED_BEFORE <= seen.at <= session.issued_at + ASSUMED_WITHIN


def _principal(identity: Mapping[str, Any]) -> Caller:
    """The principal as a caller; one that is neither user nor role session goes by what CloudTrail tells of it.

    Of another account's principal it tells this account nothing but the account.
    """
    arn, account = str(identity.get("arn", "")), str(identity.get("accountId", ""))
    unique_id = str(identity.get("principalId", ""))
    user, session = USER_ARN.fullmatch(arn), SESSION_ARN.fullmatch(arn)
    if user:
        return Caller("user", user[2], arn, account, unique_id)
    if session:
        return Caller("role", f"{session[2]}/{session[3]}", arn, account, unique_id)
    told = (arn, identity.get("userName"), identity.get("invokedBy"), account)
    return Caller("user", next((str(name) for name in told if name), ""), arn, account, unique_id)
