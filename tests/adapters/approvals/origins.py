"""The origin of a call, for tests that call services past the HTTP door (Chalice handles one request at a time)."""

from __future__ import annotations

from chalicelib.access.wiring import recognition, rules
from chalicelib.core.domain.callers import caller_from_identity
from chalicelib.core.domain.events import Origin


def origin_of(identity: dict[str, str]) -> Origin:
    """What the edge makes of this identity."""
    caller = recognition().recognize(caller_from_identity(identity)).caller
    return Origin(caller, "request-1", identity["sourceIp"], rules().digest, mfa=True)
