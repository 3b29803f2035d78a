"""The door for Slack: verify, hand over, answer at once. Nothing heavy is imported before the answer."""

from __future__ import annotations

import hashlib
from typing import cast

from chalice.app import Blueprint, Response

from chalicelib.chat import wiring
from chalicelib.chat.domain.slack_signature import NotFromSlack, verify
from chalicelib.chat.domain.visits import Visit
from chalicelib.core.handlers.edge import ANY_TYPE, MAX_BODY_BYTES, PRIVATE, BodyTooLarge, answering, request_id
from chalicelib.core.wiring import clock

blueprint = Blueprint(__name__)


@blueprint.route("/chat/slack/commands", methods=["POST"], content_types=ANY_TYPE)
@answering(blueprint)
def command() -> Response:
    """`/access …`."""
    return _taken("command")


@blueprint.route("/chat/slack/interactions", methods=["POST"], content_types=ANY_TYPE)
@answering(blueprint)
def interaction() -> Response:
    """A click on a button."""
    return _taken("interaction")


def _taken(kind: str) -> Response:
    """An empty 200: the answer itself comes from the chat function, to them alone."""
    request = blueprint.current_request
    raw, signature = cast("bytes", request.raw_body), str(request.headers.get("x-slack-signature") or "")
    if len(raw) > MAX_BODY_BYTES:
        raise BodyTooLarge(f"The body may have {MAX_BODY_BYTES} bytes.")
    secret = wiring.secrets().get("slack-signing-secret")
    timestamp = str(request.headers.get("x-slack-request-timestamp") or "")
    try:
        verify(secret, timestamp, raw, signature, clock())
    except NotFromSlack as refusal:
        source_ip = str((request.context.get("identity") or {}).get("sourceIp") or "")
        wiring.turned_away(refusal, request_id(request), source_ip)
        raise
    digest = hashlib.sha256(signature.encode()).hexdigest()
    wiring.worker().hand_over(Visit(digest, kind, raw.decode("utf-8", "replace"), request_id(request)))
    return Response("", {**PRIVATE, "Content-Type": "text/plain"}, 200)
