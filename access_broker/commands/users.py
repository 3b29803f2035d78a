"""Users without permissions: their only way to anything is the broker."""

from typing import Annotated, Any

import typer

from access_broker.failures import NotFound
from access_broker.frame.connection import Connection, connected
from access_broker.frame.role_options import pairs

KEPT_TAGS = "access-broker:"
"""Tags under this prefix stay by themselves, and the broker takes its own from nobody."""

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
    group: Annotated[
        list[str] | None, typer.Option("--group", help="An IAM group; may be repeated; '' alone for none.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="KEY=VALUE", help="May be repeated; '' alone for none.")
    ] = None,
    console: Annotated[
        bool | None, typer.Option("--console/--no-console", help="Whether they may sign in to the console.")
    ] = None,
    access_key: Annotated[bool, typer.Option("--access-key", help="Make an access key for them.")] = False,
    groups_may_grant: Annotated[
        bool, typer.Option("--groups-may-grant", help="Accept that a group gives them permissions.")
    ] = False,
) -> None:
    """Create a user with no permissions. One that exists is brought up to date; secrets are shown once.

    Who exists keeps what no option names. --group names all groups they are
    in afterwards, --tag all their tags; --no-console takes the password.

    \b
    Examples:
      broker users create sts_user --console
      broker users create dana --group engineers --tag team=blue --access-key
      broker users create dana --group engineers --group oncall
    """  # noqa: D301  \b keeps the lines of the examples apart
    named = {
        "groups": None if group is None else [one for one in group if one],
        "tags": None if tag is None else pairs([one for one in tag if one], "--tag"),
        "console_access": console,
    }
    wanted = {
        **(_present(connection, name) if None in named.values() else {}),
        **{member: value for member, value in named.items() if value is not None},
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


def _present(connection: Connection, name: str) -> dict[str, Any]:
    """Groups, tags and sign-in as a PUT leaves them; of somebody new, none."""
    try:
        user = connection.broker.get("users", name)
    except NotFound:
        user = {}
    tags = {key: value for key, value in (user.get("tags") or {}).items() if not key.startswith(KEPT_TAGS)}
    groups, console = user.get("groups") or [], bool(user.get("console_access"))
    return {"groups": groups, "tags": tags, "console_access": console}


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
        ("console", "yes" if user.get("console_access") else "no"),
        ("access keys", ", ".join(user.get("access_keys") or [])),
        ("sign-in URL", user.get("sign_in_url") if user.get("console_access") else None),
        ("password", user.get("password")),
        ("access key id", key.get("access_key_id")),
        ("secret access key", key.get("secret_access_key")),
    ]
