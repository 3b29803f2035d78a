"""/v1/me: one's own access keys, MFA devices and password. The user is the verified caller; no request names one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from chalice.app import Blueprint, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.core.handlers.edge import ANY_TYPE, SIGNED, answer, answering, body, refuse_body
from chalicelib.provisioning import wiring

if TYPE_CHECKING:
    from chalice.app import Request

    from chalicelib.core.domain.events import Origin

blueprint = Blueprint(__name__)

Code = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}$(?!\n)", description="A code of the device")]


class KeyStatusBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The body of PATCH /v1/me/access-keys/{key_id}."""

    status: Literal["Active", "Inactive"]


class CodesBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The body of POST /v1/me/mfa-devices/{name}/enable: two codes that follow each other."""

    codes: tuple[Code, Code]


@blueprint.route("/v1/me", methods=["GET"], authorizer=SIGNED)
@answering(blueprint)
def show_me() -> Response:
    """The caller's keys and devices as IAM has them now."""
    return answer(_carried_out({"action": "own_show"}, authenticate(blueprint.current_request)))


@blueprint.route("/v1/me/access-keys", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def make_key() -> Response:
    """201 with the new key: its secret is shown here and nowhere again."""
    return answer(_carried_out({"action": "own_make_key"}, _bodiless(blueprint.current_request)), 201)


@blueprint.route("/v1/me/access-keys/{key_id}", methods=["PATCH"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def set_key_status(key_id: str) -> Response:
    """Deactivate a key, or activate it again."""
    request = blueprint.current_request
    who = authenticate(request)
    wanted = body(request, KeyStatusBody)
    return answer(_carried_out({"action": "own_set_key_status", "own": {"key": key_id, "status": wanted.status}}, who))


@blueprint.route("/v1/me/access-keys/{key_id}", methods=["DELETE"], authorizer=SIGNED)
@answering(blueprint)
def delete_key(key_id: str) -> Response:
    """Delete a key."""
    return answer(
        _carried_out({"action": "own_delete_key", "own": {"key": key_id}}, authenticate(blueprint.current_request))
    )


@blueprint.route("/v1/me/mfa-devices", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def make_device() -> Response:
    """201 with the seed of a new device: shown here and nowhere again."""
    return answer(_carried_out({"action": "own_make_device"}, _bodiless(blueprint.current_request)), 201)


@blueprint.route("/v1/me/mfa-devices/{name}/enable", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def enable_device(name: str) -> Response:
    """Enable a device by two of its codes."""
    request = blueprint.current_request
    who = authenticate(request)
    codes = list(body(request, CodesBody).codes)
    return answer(_carried_out({"action": "own_enable_device", "own": {"device": name, "codes": codes}}, who))


@blueprint.route("/v1/me/mfa-devices/{name}", methods=["DELETE"], authorizer=SIGNED)
@answering(blueprint)
def remove_device(name: str) -> Response:
    """Remove a device."""
    return answer(
        _carried_out({"action": "own_remove_device", "own": {"device": name}}, authenticate(blueprint.current_request))
    )


@blueprint.route("/v1/me/password", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def new_password() -> Response:
    """201 with a one-time console password."""
    return answer(_carried_out({"action": "own_new_password"}, _bodiless(blueprint.current_request)), 201)


def _bodiless(request: Request) -> Origin:
    """The caller of a route that takes no body."""
    who = authenticate(request)
    refuse_body(request)
    return who


def _carried_out(order: dict[str, Any], who: Origin) -> dict[str, Any]:
    return wiring.authorization().about_oneself(order, who)
