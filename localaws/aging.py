"""Makes a session of the embedded AWS older, so that a test need not wait until it expires.

AWS has no such call, and its shortest session lasts 15 minutes. This one only
takes time away: it can end a session, never prolong one.
"""
# ruff: noqa: SLF001  (like the parity rules, it reaches into ministack)

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/_localaws/age"
TIMES = ("IssuedAt", "MfaAt", "Expiration")
TOLD_WITHIN_SECONDS = 30


def age(endpoint_url: str, access_key_id: str | None, seconds: int) -> None:
    """Let so many seconds go by for the session of this access key. HTTPError if there is no such session."""
    body = json.dumps({"access_key_id": access_key_id, "seconds": seconds}).encode()
    with urllib.request.urlopen(endpoint_url + PATH, body, timeout=TOLD_WITHIN_SECONDS):  # noqa: S310  loopback
        pass


async def handle(original: Callable[..., Any], path: str, method: str, body: bytes) -> Any:
    """The call of `age`; any other is ministack's."""
    if path != PATH:
        return await original(path, method, body)
    return (204 if method == "POST" and _aged(**json.loads(body)) else 404), {}, b""


def _aged(access_key_id: str, seconds: int) -> bool:
    from ministack.services import sts  # noqa: PLC0415  it reads its environment when imported

    session = sts._sessions.get(access_key_id)
    if session is None or seconds <= 0:
        return False
    session.update({name: session[name] - seconds for name in TIMES if session.get(name)})
    return True


def install() -> None:
    """Answer beside ministack's own settings."""
    from ministack import app  # noqa: PLC0415  it reads its environment when imported

    from localaws.parity.wrap import around  # noqa: PLC0415

    around(app, "_handle_admin_config_request", handle)
