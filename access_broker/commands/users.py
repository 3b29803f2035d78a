"""Users without permissions: their only way to anything is the broker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from access_broker.command_line.options import user_name
from access_broker.command_line.spec import Argument, Command, Option
from access_broker.credentials.role_ask import pairs
from access_broker.failures import Misused, NotFound

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection

KEPT_TAGS = "access-broker:"
"""Tags under this prefix stay by themselves, and no caller may set the broker's own."""

SIGN_IN_TAG = "access-broker:sign-in"
"""The broker's own mark of a user who has no key and signs in."""

NAME = Argument("NAME", "The IAM user's name.", user_name)


def create(connection: Connection, given: Given) -> None:
    """Create or update a user."""
    name, groups, tags = given.word("name"), given.value("group"), given.value("tag")
    named = {
        "groups": None if groups is None else [one for one in groups if one],
        "tags": None if tags is None else pairs([one for one in tags if one], "--tag"),
        "console_access": given.value("console"),
        "sign_in": given.value("sign_in"),
    }
    wanted = {
        **(_present(connection, name) if None in named.values() else {}),
        **{member: value for member, value in named.items() if value is not None},
        "access_key": given.flag("access_key"),
        "groups_may_grant": given.flag("groups_may_grant"),
    }
    if wanted["sign_in"] and named["console_access"] is False:
        raise Misused(
            f"{name} signs in with a password and has no access key: without a password they cannot sign in at all. "
            "To remove both: --no-sign-in --no-console. To give a key instead, add --access-key."
        )
    made = connection.broker.put("users", name, body=wanted)
    connection.output.show(made, lambda: _print(connection, made))


def show(connection: Connection, given: Given) -> None:
    """Show a user."""
    user = connection.broker.get("users", given.word("name"))
    connection.output.show(user, lambda: _print(connection, user))


def delete(connection: Connection, given: Given) -> None:
    """Delete a user."""
    name = given.word("name")
    user = connection.broker.delete("users", name)
    connection.output.show(user, lambda: connection.output.line(f"Deleted {name}."))
    for warning in user.get("warnings") or []:
        connection.output.notice(f"Note: {warning}")
    templates = templates_that_name(name)
    for template in templates.values():
        connection.output.notice(
            f"{template} still names {name} in trust.direct_users: remove the name, then apply it."
        )
    for role in sorted(set(user.get("roles") or []) - set(templates)):
        connection.output.notice(
            f"The role {role} still names {name} in trust.direct_users: remove the name from its template, then apply "
            "that."
        )


def reset_mfa(connection: Connection, given: Given) -> None:
    """Remove the MFA devices of a user who lost them."""
    name = given.word("name")
    reset = connection.broker.delete("users", name, "mfa-devices")
    words = f"Removed {len(reset['removed'])} MFA devices of {name}. They enrol a new one: broker mfa enroll"
    connection.output.show(reset, lambda: connection.output.line(words))


def templates_that_name(user: str) -> dict[str, Path]:
    """The role templates of this checkout that let the user assume their role directly, by role."""
    from access_broker.roles.templates import direct_users  # noqa: PLC0415  needs YAML

    found = {path: direct_users(path) for path in sorted(Path("policies/roles").glob("*.y*ml"))}
    return {role: path for path, (role, users) in found.items() if user in users}


def _present(connection: Connection, name: str) -> dict[str, Any]:
    """Groups, tags and sign-in as a PUT leaves them; of a new user, none."""
    try:
        user = connection.broker.get("users", name)
    except NotFound:
        user = {}
    tags = {key: value for key, value in (user.get("tags") or {}).items() if not key.startswith(KEPT_TAGS)}
    groups, console = user.get("groups") or [], bool(user.get("console_access"))
    sign_in = (user.get("tags") or {}).get(SIGN_IN_TAG) == "only"
    return {"groups": groups, "tags": tags, "console_access": console, "sign_in": sign_in}


def _print(connection: Connection, user: dict[str, Any]) -> None:
    connection.output.facts(_facts(user))
    for warning in user.get("warnings") or []:
        connection.output.notice(f"Note: {warning}")
    if user.get("password") and user.get("zero_access") == "sign_in_only":
        connection.output.notice("They sign in, change the password, and run: aws login, then broker mfa enroll")
    if user.get("password") or user.get("access_key"):
        connection.output.notice("The secrets above are shown this once: hand them over now.")


def _permissions(user: dict[str, Any]) -> str:
    if user.get("zero_access") == "sign_in_only":
        return "none but to sign in (aws login)"
    return "none" if user.get("zero_access") else "; ".join(user.get("grants") or ["unknown"])


def _facts(user: dict[str, Any]) -> list[tuple[str, object]]:
    key = user.get("access_key") or {}
    return [
        ("name", user.get("name")),
        ("arn", user.get("arn")),
        ("groups", ", ".join(user.get("groups") or [])),
        ("tags", ", ".join(f"{name}={value}" for name, value in sorted((user.get("tags") or {}).items()))),
        ("permissions", _permissions(user)),
        ("console", "yes" if user.get("console_access") else "no"),
        ("access keys", ", ".join(user.get("access_keys") or [])),
        ("sign-in URL", user.get("sign_in_url") if user.get("console_access") else None),
        ("password", user.get("password")),
        ("access key id", key.get("access_key_id")),
        ("secret access key", key.get("secret_access_key")),
    ]


COMMANDS = {
    "users create": Command(
        create,
        "Create a user with no permissions, or bring one up to date; secrets are shown once.",
        (
            NAME,
            Option("--group", "An IAM group; '' alone for none.", "GROUP", many=True),
            Option("--tag", "A tag; '' alone for none.", "KEY=VALUE", many=True),
            Option("--console", "Whether they may sign in to the console.", opposite="--no-console"),
            Option(
                "--sign-in",
                "A user without an access key: a console password, and `aws login` for credentials.",
                opposite="--no-sign-in",
            ),
            Option("--access-key", "Make an access key for them."),
            Option("--groups-may-grant", "Accept that a group gives them permissions."),
        ),
        more="A user that exists keeps what no option names. --group names all groups they are in afterwards, --tag "
        "all their tags; --no-console takes the password; for a user who signs in, give --no-sign-in with it.",
        examples=(
            "broker users create sts_user --console",
            "broker users create dana --group engineers --tag team=blue --access-key",
            "broker users create dana --group engineers --sign-in",
        ),
    ),
    "users show": Command(
        show,
        "Show a user as IAM has them now, and any permission of their own.",
        (NAME,),
        examples=("broker users show dana",),
    ),
    "users reset-mfa": Command(
        reset_mfa,
        "Remove the MFA devices of a user who lost them; it takes your own MFA.",
        (NAME,),
        examples=("broker users reset-mfa dana --mfa-code 123456",),
    ),
    "users delete": Command(
        delete,
        "Delete a user.",
        (NAME,),
        more="Sessions they hold stay until they end: `broker revoke --caller NAME` ends them.",
        examples=("broker users delete dana",),
    ),
}
