"""GET /v1/whoami: the caller as the broker sees them."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.access import wiring
from chalicelib.access.handlers.authentication import authenticate
from chalicelib.core.handlers.edge import SIGNED, answer, answering

blueprint = Blueprint(__name__)


@blueprint.route("/v1/whoami", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def whoami() -> Response:
    """Verified identity, IAM groups and IAM tags, and the rights over the whole broker."""
    origin = authenticate(blueprint.current_request, brokered=True)
    caller = origin.caller
    return answer(
        {
            "arn": caller.arn,
            "name": caller.name,
            "kind": caller.kind,
            "account": caller.account,
            "groups": caller.groups,
            "tags": caller.tags,
            "rights": wiring.rights().over(None, origin),
        },
    )
