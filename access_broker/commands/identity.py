"""Who the broker takes the caller for."""

from typing import Any

import typer

from access_broker.frame.connection import Connection, connected

app = typer.Typer(rich_markup_mode=None)


@app.command()
@connected
def whoami(connection: Connection) -> None:
    """Show who the broker takes you for. Groups and tags decide what you may have.

    Example: broker whoami --profile alice
    """
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
