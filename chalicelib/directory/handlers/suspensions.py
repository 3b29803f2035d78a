"""/v1/suspensions: callers out at once, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.access.wiring import short_name
from chalicelib.core.domain.times import rfc3339
from chalicelib.core.domain.visible_text import visible_text
from chalicelib.core.handlers.edge import ANY_TYPE, SIGNED, answer, answering, body
from chalicelib.core.handlers.fields import CallerName  # noqa: TC001  msgspec reads the annotations
from chalicelib.directory import wiring

if TYPE_CHECKING:
    from chalicelib.access.domain.facts import Suspension

blueprint = Blueprint(__name__)


class SuspensionBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """POST /v1/suspensions."""

    caller: CallerName
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000, description="Why, for the audit log")]


@blueprint.route("/v1/suspensions", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def suspend() -> Response:
    """Suspend a caller, end their live sessions and cancel their pending requests."""
    request = blueprint.current_request
    who = authenticate(request)
    wanted = body(request, SuspensionBody)
    done = wiring.suspender().suspend(short_name(wanted.caller), visible_text(wanted.reason), who)
    told = {
        "suspensions": [suspension_document(one) for one in done.suspensions],
        "sessions": done.sessions,
        "roles": done.roles,
        "direct_roles": done.direct_roles,
        "requests": done.requests,
        "failures": done.failures,
    }
    return answer(told, 201)


@blueprint.route("/v1/suspensions", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def list_suspensions() -> Response:
    """All suspensions that stand."""
    found = wiring.suspender().list(authenticate(blueprint.current_request))
    return answer({"suspensions": [suspension_document(one) for one in found]})


@blueprint.route("/v1/suspensions/{suspension_id}", methods=["DELETE"], authorizer=SIGNED)
@answering(blueprint)
def lift(suspension_id: str) -> Response:
    """Lift one suspension; ended sessions stay ended, cancelled requests stay cancelled."""
    lifted = wiring.suspender().lift(suspension_id, authenticate(blueprint.current_request))
    return answer(suspension_document(lifted))


def suspension_document(suspension: Suspension) -> dict[str, Any]:
    """One suspension."""
    return {
        "id": suspension.id,
        "caller": suspension.caller,
        "subject": suspension.subject,
        "reason": suspension.reason,
        "by": suspension.by,
        "at": rfc3339(suspension.at),
    }
