"""The provision function's part in keys that get old: clean-up's orders, and an administrator's restore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.core.domain.callers import OWN_KEYS
from chalicelib.core.domain.times import rfc3339
from chalicelib.provisioning import wiring

if TYPE_CHECKING:
    from chalicelib.provisioning.handlers.bodies import Order


def look(order: Order) -> dict[str, Any]:
    """The access keys of the users of these names; users that the broker did not make have none here."""
    return {
        "keys": [
            {
                "id": key.id,
                "user": user.name,
                "active": key.status == "Active",
                "made_at": rfc3339(key.created_at),
                "used_at": rfc3339(key.last_used_at) if key.last_used_at else None,
                "tags": {name: value for name, value in user.tags.items() if name.lower().startswith(OWN_KEYS)},
            }
            for user, key in wiring.user_keys().look(order.names)
        ]
    }


def deactivate(order: Order) -> dict[str, Any]:
    """One key of a user."""
    name, key, origin = order.existing(), order.own.key, order.origin.origin()
    return {"id": key, "changed": wiring.user_keys().deactivate(name, key, order.unused_since, origin)}


def activate(order: Order) -> dict[str, Any]:
    """One key of a user that clean-up deactivated."""
    wiring.user_keys().activate(order.existing(), order.own.key, order.origin.origin())
    return {"id": order.own.key}


def restore(order: Order) -> dict[str, Any]:
    """POST /v1/users/{name}/access-keys/restore."""
    restored = wiring.user_keys().restore(order.existing(), order.origin.origin())
    return {"name": order.name, "restored": list(restored)}
