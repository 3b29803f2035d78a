"""PUT, GET, DELETE /v1/users/{name}: users without permissions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.core.handlers.edge import ANY_TYPE, SIGNED, answer, answering, body, refuse_body
from chalicelib.provisioning import wiring
from chalicelib.provisioning.handlers.bodies import UserBody

if TYPE_CHECKING:
    from chalice.app import Request

blueprint = Blueprint(__name__)

TOKEN = re.compile(r"[!-~]{1,128}")
"""Idempotency-Key: visible ASCII."""


@blueprint.route("/v1/users/{name}", methods=["PUT"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def put_user(name: str) -> Response:
    """201 for a new user, with the secrets that were made; 200 for one brought up to date."""
    request = blueprint.current_request
    who = authenticate(request)
    wanted = msgspec.to_builtins(body(request, UserBody))
    order = {"action": "create_user", "name": name, "user": wanted, "token": _token(request)}
    made = wiring.authorization().about_user(order, who)
    return answer(made, 201 if made["created"] else 200)


@blueprint.route("/v1/users/{name}", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def show_user(name: str) -> Response:
    """The user as IAM has them now."""
    order = {"action": "show_user", "name": name}
    return answer(wiring.authorization().about_user(order, authenticate(blueprint.current_request)))


@blueprint.route("/v1/users/{name}", methods=["DELETE"], authorizer=SIGNED)
@answering(blueprint)
def delete_user(name: str) -> Response:
    """Delete; answers the user as they were, and the roles that still name them."""
    return answer(wiring.authorization().delete_user(name, authenticate(blueprint.current_request)))


@blueprint.route("/v1/users/{name}/mfa-devices", methods=["DELETE"], authorizer=SIGNED)
@answering(blueprint)
def reset_mfa(name: str) -> Response:
    """Remove the MFA devices of a user who lost them. It takes MFA itself."""
    order = {"action": "reset_mfa", "name": name}
    return answer(wiring.authorization().about_user(order, authenticate(blueprint.current_request)))


@blueprint.route("/v1/users/{name}/access-keys/restore", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def restore_keys(name: str) -> Response:
    """Activate the keys that clean-up deactivated; answers their ids."""
    request = blueprint.current_request
    who = authenticate(request)
    refuse_body(request)
    return answer(wiring.authorization().about_user({"action": "restore_keys", "name": name}, who))


def _token(request: Request) -> str:
    """The Idempotency-Key, or nothing: with it a call whose answer was lost can be repeated for new secrets."""
    token = str(request.headers.get("idempotency-key") or "")
    if token and not TOKEN.fullmatch(token):
        raise InvalidRequest("The key does not fit.", {"Idempotency-Key": "1 to 128 visible ASCII characters"})
    return token
