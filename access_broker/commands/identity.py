"""The caller as the broker knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from access_broker.command_line.spec import Command

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection


def whoami(connection: Connection, _given: Given) -> None:
    """GET /v1/whoami."""
    me = connection.broker.get("whoami")
    connection.output.show(me, lambda: connection.output.facts(_facts(me)))


def _facts(me: dict[str, Any]) -> list[tuple[str, object]]:
    return [
        ("name", me.get("name")),
        ("kind", me.get("kind")),
        ("account", me.get("account")),
        ("arn", me.get("arn")),
        ("groups", ", ".join(me.get("groups") or [])),
        ("tags", ", ".join(f"{key}={value}" for key, value in sorted((me.get("tags") or {}).items()))),
    ]


COMMANDS = {
    "whoami": Command(
        whoami,
        "Show your name, groups and tags as the broker knows them.",
        more="Groups and tags decide which roles you may have.",
        examples=("broker whoami", "broker whoami --profile alice"),
    )
}
