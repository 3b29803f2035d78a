"""Recognizing who calls: what API Gateway verified, completed by the directory. Every refusal is recorded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from chalicelib.access.domain.facts import Suspended
from chalicelib.core.domain.callers import Caller, caller_from_identity
from chalicelib.core.domain.errors import Refused
from chalicelib.core.domain.events import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.access.services.catalogue import CachedCatalogue
    from chalicelib.access.services.member_recognition import MemberRecognition
    from chalicelib.access.services.recognition import Recognition, Recognized
    from chalicelib.core.services.refusals import RefusalRecorder

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """The first step of every signed request. `home` is the id of the broker's own account.

    `refusals` is made with the first refusal, `members` with the first caller of another account.
    """

    home: str
    recognition: Recognition
    members: Callable[[], MemberRecognition]
    catalogue: CachedCatalogue
    policy_set: str
    refusals: Callable[[], RefusalRecorder]

    def authenticate(
        self,
        identity: Mapping[str, object],
        request_id: str,
        *,
        brokered: bool = False,
        role: str = "",
        mfa: bool = False,
    ) -> Origin:
        """The caller and where the request comes from; Refused, once recorded, for callers that are not served.

        Sessions that the broker issued are admitted where `brokered` says so.
        Elsewhere one could outlive its caller's revocation by asking for the
        next, or be the second person to agree with its own caller.
        The `role` that the caller asks for is read along. `mfa` says that API Gateway saw a second factor.
        """
        found = self._recorded(identity, request_id, lambda known, caller: known.recognize(caller, role))
        return replace(self._admitted(found, identity, request_id, role, brokered=brokered), mfa=mfa)

    def guess(
        self, identity: Mapping[str, object], request_id: str, role: str, *, mfa: bool = False
    ) -> tuple[Origin, Callable[[], object]]:
        """The same at once where this container knows the caller, and what confirms it (`Recognition.guess`)."""
        found, confirm = self._recorded(identity, request_id, lambda known, caller: known.guess(caller, role))
        return replace(self._admitted(found, identity, request_id, role, brokered=False), mfa=mfa), confirm

    def _recorded(
        self,
        identity: Mapping[str, object],
        request_id: str,
        recognize: Callable[[Recognition | MemberRecognition, Caller], Found],
    ) -> Found:
        caller = None
        try:
            caller = caller_from_identity(identity)
            if caller.account == self.home:
                return recognize(self.recognition, caller)
            caller = self.members().admitted(caller, identity.get("principalOrgId"))
            return recognize(self.members(), caller)
        except Refused as refusal:
            known = caller if isinstance(refusal, Suspended) else None
            self.refusals().record(refusal, self._origin(known or _stranger(identity), identity, request_id))
            raise

    def _admitted(
        self, found: Recognized, identity: Mapping[str, object], request_id: str, role: str, *, brokered: bool
    ) -> Origin:
        origin = self._origin(found.caller, identity, request_id, found)
        if found.caller.brokered and not brokered:
            turned_away = Refused("A session that the broker issued asks for nothing here. Sign with your own keys.")
            raise self.refusals().record(turned_away, origin)
        if role:
            self.catalogue.note(role, found.role)
        return origin

    def _origin(
        self, caller: Caller, identity: Mapping[str, object], request_id: str, found: Recognized | None = None
    ) -> Origin:
        source_ip = str(identity.get("sourceIp") or "")
        stale = found.as_of if found and found.stale else None
        return Origin(caller, request_id, source_ip, self.policy_set, facts_of=stale)


def _stranger(identity: Mapping[str, object]) -> Caller:
    """The caller in the words of API Gateway, cut to a size that fits every log."""
    arn, unique_id = (str(identity.get(name) or "")[:256] for name in ("userArn", "user"))
    return Caller("unknown", arn.rsplit(":", maxsplit=1)[-1], arn, str(identity.get("accountId") or "")[:12], unique_id)
