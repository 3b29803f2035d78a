"""Users without permissions: their only way to anything is the broker."""

from typing import Annotated, Any

import typer

from brokercli.asking import pairs
from brokercli.connection import Connection, connected

app = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="Create, show and delete users without permissions."
)

Name = Annotated[str, typer.Argument(help="The IAM user's name.")]


@app.command()
@connected
def create(
    connection: Connection,
    *,
    name: Name,
    group: Annotated[list[str] | None, typer.Option("--group", help="An IAM group; may be repeated.")] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", metavar="KEY=VALUE", help="May be repeated.")] = None,
    console: Annotated[bool, typer.Option("--console", help="Let them sign in to the console.")] = False,
    access_key: Annotated[bool, typer.Option("--access-key", help="Make an access key for them.")] = False,
    groups_may_grant: Annotated[
        bool, typer.Option("--groups-may-grant", help="Accept that a group gives them permissions.")
    ] = False,
) -> None:
    """Create a user with no permissions. One that exists is brought up to date; secrets are shown once.

    \b
    Examples:
      broker users create sts_user --console
      broker users create dana --group engineers --tag team=blue --access-key
    """  # noqa: D301  \b keeps the lines of the examples apart
    wanted = {
        "groups": group or [],
        "tags": pairs(tag or [], "--tag"),
        "console_access": console,
        "access_key": access_key,
        "groups_may_grant": groups_may_grant,
    }
    made = connection.broker.put("users", name, body=wanted)
    connection.output.show(made, lambda: _print(connection, made))


@app.command()
@connected
def show(connection: Connection, *, name: Name) -> None:
    """Show a user as IAM has them now. And whether they have any permission of their own.

    Example: broker users show dana
    """
    user = connection.broker.get("users", name)
    connection.output.show(user, lambda: _print(connection, user))


@app.command()
@connected
def delete(connection: Connection, *, name: Name) -> None:
    """Delete a user. Sessions they hold stay until they end: `broker revoke --caller NAME` ends them.

    Example: broker users delete dana
    """
    user = connection.broker.delete("users", name)
    connection.output.show(user, lambda: connection.output.line(f"Deleted {name}."))


def _print(connection: Connection, user: dict[str, Any]) -> None:
    connection.output.facts(_facts(user))
    for warning in user.get("warnings") or []:
        connection.output.notice(f"Note: {warning}")
    if user.get("password") or user.get("access_key"):
        connection.output.notice("The secrets above are shown this once: hand them over now.")


def _facts(user: dict[str, Any]) -> list[tuple[str, object]]:
    key = user.get("access_key") or {}
    return [
        ("name", user.get("name")),
        ("arn", user.get("arn")),
        ("groups", ", ".join(user.get("groups") or [])),
        ("tags", ", ".join(f"{name}={value}" for name, value in sorted((user.get("tags") or {}).items()))),
        ("permissions", "none" if user.get("zero_access") else "; ".join(user.get("grants") or ["unknown"])),
        ("access keys", ", ".join(user.get("access_keys") or [])),
        ("sign-in URL", user.get("sign_in_url")),
        ("password", user.get("password")),
        ("access key id", key.get("access_key_id")),
        ("secret access key", key.get("secret_access_key")),
    ]
