"""Recognizing who calls: what API Gateway verified, completed by IAM. Strangers leave a trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.domain.callers import Caller, caller_from_identity
from chalicelib.core.domain.errors import Refused
from chalicelib.core.domain.events import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.access.services.principals import Principals
    from chalicelib.core.services.refusals import RefusalRecorder


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """The first step of every signed request. `refusals` is made with the first refusal."""

    principals: Principals
    policy_set: str
    refusals: Callable[[], RefusalRecorder]

    def authenticate(self, identity: Mapping[str, object], request_id: str, *, brokered: bool = False) -> Origin:
        """Where the request comes from; Refused, once recorded, for anybody the broker does not serve.

        Sessions that the broker issued are admitted where `brokered` says so.
        Elsewhere one could outlive its caller's revocation by asking for the
        next, or be the second person to agree with its own caller.
        """
        source_ip = str(identity.get("sourceIp") or "")
        try:
            caller = self.principals.describe(caller_from_identity(identity))
        except Refused as refusal:
            stranger = Origin(_stranger(identity), request_id, source_ip, self.policy_set)
            self.refusals().record(refusal, stranger)
            raise
        origin = Origin(caller, request_id, source_ip, self.policy_set)
        if caller.brokered and not brokered:
            turned_away = Refused("A session that the broker issued asks for nothing here. Sign with your own keys.")
            raise self.refusals().record(turned_away, origin)
        return origin


def _stranger(identity: Mapping[str, object]) -> Caller:
    """Whoever it was, in the words of API Gateway, cut to a size no log minds."""
    arn, unique_id = (str(identity.get(name) or "")[:256] for name in ("userArn", "user"))
    return Caller("unknown", arn.rsplit(":", maxsplit=1)[-1], arn, str(identity.get("accountId") or "")[:12], unique_id)
