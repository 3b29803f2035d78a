"""The proof of a second factor: SerialNumber and TokenCode of a request, checked once for the user who signed it.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html ("SerialNumber", "TokenCode")
https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from ministack import app
from ministack.services import iam

from localaws.parity.mfa import codes
from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable

ONE_IS_MISSING = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
NO_SUCH_DEVICE = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  "
    "Please verify your MFA serial number is valid and associated with this user."
)
WRONG_CODE = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
OPERATIONS = {"AssumeRole", "GetSessionToken"}


@dataclass(slots=True)
class Proof:
    """The serial number and the code of one request, and the result of the check."""

    serial: str
    code: str = field(repr=False)
    problem: str | None = None
    checked: bool = False

    def check(self, user: str, account: str) -> str | None:
        """The message of AWS when the proof fails, else None. The first call uses the code up."""
        if not self.checked:
            self.checked, self.problem = True, self._problem(user, account)
        return self.problem

    def _problem(self, user: str, account: str) -> str | None:
        if not (self.serial and self.code):
            return ONE_IS_MISSING
        device = iam._mfa_devices.get_scoped(account, None, self.serial)
        if not user or device is None or device["User"] != user:
            return NO_SUCH_DEVICE
        return None if codes.use(device, self.code) else WRONG_CODE


_offered: ContextVar[Proof | None] = ContextVar("offered_proof", default=None)


def offered() -> Proof | None:
    """The proof of the request that is being served; None when it offers none."""
    return _offered.get()


async def dispatch(original: Callable[..., Any], method: str, path: str, headers: Any, body: bytes, *more: Any) -> Any:
    """One request to a service; a proof in it is kept for policies and for STS."""
    told = _offered.set(_of(more[0], body))
    try:
        return await original(method, path, headers, body, *more)
    finally:
        _offered.reset(told)


def _of(query: dict[str, Any], body: bytes) -> Proof | None:
    if b"Action=" not in body and "Action" not in query:
        return None
    params = {**query, **parse_qs(body.decode("utf-8", "replace"))}
    serial, code = iam._p(params, "SerialNumber"), iam._p(params, "TokenCode")
    return Proof(serial, code) if iam._p(params, "Action") in OPERATIONS and (serial or code) else None


def install() -> None:
    """Read the proof before policies are asked."""
    around(app, "_dispatch_service_request", dispatch)
