"""The chat function: invoked by the webhook with what Slack signed, and by nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
from chalice.app import Blueprint

from chalicelib.chat import wiring
from chalicelib.chat.domain.visits import Visit

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="chat")
def chat(event: dict[str, Any], context: Any) -> None:
    """Do what a person said or clicked. Raising makes Lambda try again, with the same request id."""
    wiring.chat_responder().take(msgspec.convert(event, Visit), context.aws_request_id)
