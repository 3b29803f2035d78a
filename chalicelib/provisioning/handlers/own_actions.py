"""The provision function's part in one's own keys and devices. The order's caller is the user; no order names one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.core.domain.times import rfc3339
from chalicelib.provisioning import wiring

if TYPE_CHECKING:
    from chalicelib.provisioning.domain.key_marks import KeyMark
    from chalicelib.provisioning.domain.own_identity import OwnDevice
    from chalicelib.provisioning.handlers.bodies import Order

CODES = 2


def show(order: Order) -> dict[str, Any]:
    """GET /v1/me."""
    origin = order.origin.origin()
    view = wiring.own_identity().show(origin)
    return {
        "arn": view.user.arn,
        "access_keys": [
            {
                "id": key.id,
                "status": key.status,
                "created_at": rfc3339(key.created_at),
                "last_used_at": rfc3339(key.last_used_at) if key.last_used_at else None,
                "cleanup": _cleanup(view.marks.get(key.id)),
            }
            for key in view.keys
        ],
        "mfa_devices": [_device(device) for device in view.devices],
        "console_access": view.user.console_access,
        "mfa_proven": origin.mfa,
        "managed": view.managed,
    }


def make_key(order: Order) -> dict[str, Any]:
    """POST /v1/me/access-keys."""
    made = wiring.own_identity().make_key(order.origin.origin())
    return {"access_key_id": made.access_key_id, "secret_access_key": made.secret_access_key}


def set_key_status(order: Order) -> dict[str, Any]:
    """PATCH /v1/me/access-keys/{key_id}."""
    wiring.own_identity().set_key_status(order.own.key, order.own.status, order.origin.origin())
    return {"id": order.own.key, "status": order.own.status}


def delete_key(order: Order) -> dict[str, Any]:
    """DELETE /v1/me/access-keys/{key_id}."""
    wiring.own_identity().delete_key(order.own.key, order.origin.origin())
    return {"id": order.own.key, "status": "Deleted"}


def make_device(order: Order) -> dict[str, Any]:
    """POST /v1/me/mfa-devices."""
    origin = order.origin.origin()
    made = wiring.own_identity().make_device(origin)
    return {"name": made.name, "serial": made.serial, "seed": made.seed, "uri": made.uri(origin.caller.account)}


def enable_device(order: Order) -> dict[str, Any]:
    """POST /v1/me/mfa-devices/{name}/enable."""
    if len(order.own.codes) != CODES:
        raise InvalidRequest("Two codes are needed.", {"codes": "two codes that follow each other"})
    first, second = order.own.codes
    wiring.own_identity().enable_device(order.own.device, (first, second), order.origin.origin())
    return {"name": order.own.device}


def remove_device(order: Order) -> dict[str, Any]:
    """DELETE /v1/me/mfa-devices/{name}."""
    wiring.own_identity().remove_device(order.own.device, order.origin.origin())
    return {"name": order.own.device}


def new_password(order: Order) -> dict[str, Any]:
    """POST /v1/me/password."""
    return {"password": wiring.own_identity().new_password(order.origin.origin()), "password_reset_required": True}


def reset_mfa(order: Order) -> dict[str, Any]:
    """DELETE /v1/users/{name}/mfa-devices."""
    removed = wiring.own_identity().reset_mfa(order.existing(), order.origin.origin())
    return {"name": order.name, "removed": [_device(device) for device in removed]}


def _cleanup(mark: KeyMark | None) -> dict[str, Any] | None:
    if mark is None or not mark.staged:
        return None
    return {
        "stage": mark.stage,
        "since": rfc3339(mark.since),
        "next_at": rfc3339(mark.next_at) if mark.next_at else None,
    }


def _device(device: OwnDevice) -> dict[str, Any]:
    return {"name": device.name, "serial": device.serial, "enabled_at": rfc3339(device.enabled_at)}
