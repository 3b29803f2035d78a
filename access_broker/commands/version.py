"""The version of this command, and of the broker that it talks to."""

from __future__ import annotations

import json
import platform
from typing import TYPE_CHECKING, Any

from access_broker import __version__
from access_broker.failures import Failure

if TYPE_CHECKING:
    from access_broker.connection import Connection

API = "1"
"""The API that this command speaks: the routes below /v1."""


def version(connection: Connection) -> int:
    """`broker --version --json`: both versions, and whether they fit."""
    told: dict[str, Any] = {"version": __version__, "python": platform.python_version(), "api": API, "broker": None}
    try:
        told["broker"] = _broker(connection)
    except Failure as failure:
        connection.output.notice(f"The broker's version is not known: {failure.sentence}")
    fits = told["broker"] and told["broker"]["api"] == API
    connection.output.show({**told, "fits": fits}, lambda: print(f"broker {__version__}"))
    if fits is False:
        theirs = told["broker"]["api"]
        newer = "this command is too old: install the version that came with the broker"
        older = "the broker is too old for this command: update it, or install the version that came with it"
        connection.output.notice(
            f"The broker speaks API {theirs}, this command {API}; {newer if theirs > API else older}."
        )
    return 0


def _broker(connection: Connection) -> dict[str, Any]:
    """Two public routes, asked without a signature."""
    from access_broker.http.transport import Transport  # noqa: PLC0415  botocore is slow to import

    url = connection.settings.url
    transport = Transport(url)
    document = _read(transport.fetch(f"{url}/openapi.json").body)
    health = _read(transport.fetch(f"{url}/health").body)
    info = document.get("info") or {}
    return {
        "url": url,
        "api": str(info.get("version", "")),
        "version": str(info.get("x-release", "")) or None,
        "deployment": health.get("deployment"),
        "policy_set": health.get("policy_set"),
    }


def _read(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Failure("no broker answers at the address.")
    return document
