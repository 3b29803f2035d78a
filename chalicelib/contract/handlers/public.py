"""Routes without a signature: health and the API's own description."""

from __future__ import annotations

from pathlib import Path

from chalice.app import Blueprint, Response

from chalicelib.access.wiring import rules
from chalicelib.core.handlers.edge import answer, answering
from chalicelib.core.wiring import config

blueprint = Blueprint(__name__)

DESCRIPTION = Path(__file__).with_name("openapi.json")
"""Packaging writes it (lambda_package/tables.py); in a checkout there is none, and the document is made."""


@blueprint.route("/health", methods=["GET"])
@answering(blueprint)
def health() -> Response:
    """State of the broker, and the policy set in force."""
    return answer({"status": "ok", "deployment": config().deployment, "policy_set": rules().digest})


@blueprint.route("/openapi.json", methods=["GET"])
@answering(blueprint)
def describe() -> Response:
    """The API in OpenAPI 3.1. Nothing in it is private; caches may keep it for five minutes."""
    headers: dict[str, str | list[str]] = {
        "Content-Type": "application/json",
        "Cache-Control": "public, max-age=300",
    }
    return Response(_description(), headers)


def _description() -> str:
    if DESCRIPTION.exists():
        return DESCRIPTION.read_text(encoding="utf-8")
    from chalicelib.contract.openapi import document  # noqa: PLC0415  is not packaged

    return document.text()
