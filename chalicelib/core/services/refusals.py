"""The record of a refusal: one event, written before the refusal is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from chalicelib.core.domain.errors import AwsUnavailable, BrokerError, MfaRequired, RefusedByAws
from chalicelib.core.domain.events import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.ids import NewId
    from chalicelib.core.domain.times import Clock
    from chalicelib.core.services.journal import Journal

Refusal = TypeVar("Refusal", bound=BrokerError)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRecorder:
    """Builds and writes every `refuse` event of the broker.

    `devices` are the MFA devices of a caller: a refusal for want of MFA names them.
    """

    journal: Journal
    clock: Clock
    new_id: NewId
    devices: Callable[[Caller], tuple[str, ...]]

    def record(
        self,
        refusal: Refusal,
        origin: Origin,
        *,
        role: str = "",
        session: str = "",
        reason: str = "",
        subject: Mapping[str, object] | None = None,
        detail: Mapping[str, object] | None = None,
        decision: Mapping[str, object] | None = None,
        at: datetime | None = None,
        event_id: str = "",
    ) -> Refusal:
        """The same refusal, once it is on record; AuditUnavailable if it cannot be recorded.

        `at` is now and `event_id` a new id, unless the caller has them already.
        The event's detail holds `subject`, then code and why, then `detail`:
        the order of its members in the log is kept from version to version.
        """
        now = at or self.clock()
        if isinstance(refusal, MfaRequired):
            self._say_how(refusal, origin)
        told = {**(subject or {}), "code": refusal.code, "why": refusal.detail, **(detail or {})}
        event = AuditEvent(
            id=event_id or self.new_id(now),
            type="refuse",
            at=now,
            origin=origin,
            role=role,
            session=session,
            reason=reason,
            policies=getattr(refusal, "policies", ()),
            detail=told,
            decision=decision or {},
        )
        self.journal.record(event)
        return refusal

    def _say_how(self, refusal: MfaRequired, origin: Origin) -> None:
        """Complete the refusal with the caller's devices and the next step."""
        if origin.via:
            refusal.detail += " It cannot be proven here: use the broker command."
        elif origin.caller.kind != "user":
            refusal.detail += " Take this session with MFA, and send the request under /mfa."
        else:
            refusal.devices = self._devices(origin.caller)
            refusal.detail += f" {_next_step(refusal.devices)}"

    def _devices(self, caller: Caller) -> tuple[str, ...]:
        """None where IAM does not answer: the refusal stands all the same."""
        try:
            return self.devices(caller)
        except (AwsUnavailable, RefusedByAws):
            return ()


def _next_step(devices: tuple[str, ...]) -> str:
    if devices:
        return f"Your device is {devices[0]}. Repeat the command with its code: --mfa-code CODE."
    return "No device of yours is known. Enrol one (broker mfa enroll), then repeat the command with --mfa-code CODE."
