"""IAM is eventually consistent: calls that may fail only because IAM has not caught up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.core.aws.clients import error_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.core.domain.times import Pause

WAITS = (0.5, 1.0, 2.0, 4.0, 4.0, 4.0)
"""Seconds between tries; about 16 in all, 24 with the longest jitter: an answer fits into an HTTP request (29)."""

CATCHING_UP = frozenset({"ConcurrentModification", "EntityTemporarilyUnmodifiable"})


@dataclass(frozen=True, slots=True)
class SettlingTime:
    """Repeats a call while IAM has not caught up. `pause` adds the jitter.

    `made` are the names that this process created. Its permissions are for a
    path, and IAM denies a call on a name that it does not show there yet. So
    for these names it repeats a call after AccessDenied, too.
    """

    pause: Pause
    made: set[str] = field(default_factory=set)

    def call(self, operation: Callable[..., Any], **parameters: Any) -> Any:
        """The answer of `operation`; its last ClientError when the waits are used up."""
        return self._repeated(_may_pass, operation, parameters)

    def until_shown(self, operation: Callable[..., Any], **parameters: Any) -> Any:
        """The same where NoSuchEntity may pass, too: about what is known to be there, or was a call ago."""
        new = self.made.intersection(parameters.get(name, "") for name in ("RoleName", "UserName", "name"))
        return self._repeated(_not_shown_or_denied if new else _not_shown_or_may_pass, operation, parameters)

    def _repeated(
        self, passing: Callable[[ClientError], bool], operation: Callable[..., Any], parameters: dict[str, Any]
    ) -> Any:
        for seconds in WAITS:
            try:
                return operation(**parameters)
            except ClientError as error:
                if not passing(error):
                    raise
            self.pause(seconds)
        return operation(**parameters)


def if_there(operation: Callable[..., Any], **parameters: str) -> Any:
    """The answer of `operation`, or None where IAM says NoSuchEntity; every other error is raised."""
    try:
        return operation(**parameters)
    except ClientError as error:
        if error_code(error) == "NoSuchEntity":
            return None
        raise


def _not_shown_or_may_pass(error: ClientError) -> bool:
    return error_code(error) == "NoSuchEntity" or _may_pass(error)


def _not_shown_or_denied(error: ClientError) -> bool:
    return error_code(error) == "AccessDenied" or _not_shown_or_may_pass(error)


def _may_pass(error: ClientError) -> bool:
    """A principal made a moment ago is "invalid" in a trust policy until IAM knows it everywhere."""
    code = error_code(error)
    message = str(error.response.get("Error", {}).get("Message", ""))
    return code in CATCHING_UP or (code == "MalformedPolicyDocument" and "principal" in message.lower())
