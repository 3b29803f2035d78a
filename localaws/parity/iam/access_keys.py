"""Access keys are their user's own, and IAM tells when and where a key was used last.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html

On AWS the last use may be told hours late; here it is told at once.
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator
from ministack.services import iam

from localaws.parity.iam.guards import Refusal, put
from localaws.parity.wrap import around, around_each

if TYPE_CHECKING:
    from collections.abc import Callable

ACCESS_KEYS = 2
NEVER = b"<Region>N/A</Region><ServiceName>N/A</ServiceName>"


def most(params: dict[str, Any]) -> Refusal | None:
    """A user has two access keys at most."""
    keys = [key for key in iam._access_keys.values() if key["UserName"] == iam._p(params, "UserName")]
    if len(keys) < ACCESS_KEYS:
        return None
    return Refusal(409, "LimitExceeded", f"Cannot exceed quota for AccessKeysPerUser: {ACCESS_KEYS}")


def of_the_user(params: dict[str, Any]) -> Refusal | None:
    """NoSuchEntity for a key of another user."""
    key_id = iam._p(params, "AccessKeyId")
    key = iam._access_keys.get(key_id)
    if key is None or key["UserName"] == iam._p(params, "UserName"):
        return None
    return Refusal(404, "NoSuchEntity", f"The Access Key with id {key_id} cannot be found.")


def known_user(params: dict[str, Any]) -> Refusal | None:
    """NoSuchEntity for the keys of a user that does not exist."""
    name = iam._p(params, "UserName")
    return None if name in iam._users else Refusal(404, "NoSuchEntity", f"The user with name {name} cannot be found.")


def enforce(original: Callable[..., Any], access_key: str, action: str, service: str, *more: Any, **named: Any) -> Any:
    """The decision of ministack; an authenticated request is a use of its key."""
    decided = original(access_key, action, service, *more, **named)
    key = iam._access_keys.get(access_key)
    if key and not isinstance(decided, iam_evaluator.AuthError):
        region = more[0] if more else named["region"]
        key["LastUsed"] = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), action.partition(":")[0], region)
    return decided


def last_used(original: Callable[..., Any], params: dict[str, Any]) -> Any:
    """The answer of ministack, with the last use of the key."""
    status, headers, body = original(params)
    used = (iam._access_keys.get(iam._p(params, "AccessKeyId")) or {}).get("LastUsed")
    if not used:
        return status, headers, body
    date, service, region = used
    told = f"<LastUsedDate>{date}</LastUsedDate><Region>{region}</Region><ServiceName>{service}</ServiceName>"
    return status, headers, body.replace(NEVER, told.encode())


def install() -> None:
    """Guard the operations on keys, and note each use."""
    put({most: ("CreateAccessKey",), of_the_user: ("UpdateAccessKey", "DeleteAccessKey")})
    put({known_user: ("CreateAccessKey", "ListAccessKeys")})
    around_each(iam._IAM_HANDLERS, ("GetAccessKeyLastUsed",), last_used)
    around(iam_evaluator, "enforce", enforce)
