"""Routes without a signature: health and the API's own description."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib import wiring
from chalicelib.handlers.edge import answer, answering

blueprint = Blueprint(__name__)


@blueprint.route("/health", methods=["GET"])
@answering(blueprint)
def health() -> Response:
    """Whether the broker runs, and which policy set decides."""
    return answer({"status": "ok", "deployment": wiring.config().deployment, "policy_set": wiring.rules().digest})


@blueprint.route("/openapi.json", methods=["GET"])
@answering(blueprint)
def describe() -> Response:
    """The API in OpenAPI 3.1. Nothing in it is private; caches may keep it for five minutes."""
    from chalicelib.handlers.openapi import document  # noqa: PLC0415  no other request shall pay for it

    return Response(document.text(), {"Content-Type": "application/json", "Cache-Control": "public, max-age=300"})
