"""One's own keys and MFA devices."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from access_broker.command_line.options import user_name
from access_broker.command_line.spec import Argument, Command, Option
from access_broker.failures import Misused

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection

LOCK_SECONDS = 120.0


def me(connection: Connection, _given: Given) -> None:
    """GET /v1/me."""
    found = connection.broker.get("me")
    connection.output.show(found, lambda: connection.output.facts(_facts(found)))


def delete_key(connection: Connection, given: Given) -> None:
    """DELETE /v1/me/access-keys/ID."""
    deleted = connection.broker.delete("me", "access-keys", given.word("key"))
    connection.output.show(deleted, lambda: connection.output.line(f"Deleted {deleted['id']}."))


def activate_key(connection: Connection, given: Given) -> None:
    """PATCH /v1/me/access-keys/ID."""
    status = "Inactive" if given.flag("off") else "Active"
    changed = connection.broker.patch("me", "access-keys", given.word("key"), body={"status": status})
    connection.output.show(changed, lambda: connection.output.line(f"{changed['id']} is {changed['status']}."))


def restore(connection: Connection, given: Given) -> None:
    """POST /v1/users/NAME/access-keys/restore."""
    name = given.word("name")
    done = connection.broker.post("users", name, "access-keys", "restore")
    restored = ", ".join(done["restored"])
    words = f"Active again: {restored}." if restored else f"No key of {name} is deactivated by clean-up."
    connection.output.show(done, lambda: connection.output.line(words))


def rotate(connection: Connection, given: Given) -> None:
    """Replace the profile's access key."""
    from access_broker.aws_files.key_writer import (  # noqa: PLC0415  only to rotate
        config_with,
        credentials_file,
        keys_in_variables,
    )
    from access_broker.credentials.rotation import Rotation  # noqa: PLC0415  botocore is slow to import
    from access_broker.http.signing import aws_session, chosen_profile  # noqa: PLC0415  only to rotate
    from access_broker.storage.files import locked, private_directory  # noqa: PLC0415  only to rotate
    from access_broker.storage.vault import cache_directory  # noqa: PLC0415  only to rotate

    named = connection.settings.profile
    if not named and keys_in_variables():
        raise Misused(
            "Your keys come from environment variables; a rotation changes the credentials file. Give --profile NAME."
        )
    profile = chosen_profile(aws_session(named), named) or "default"
    notes = private_directory(cache_directory(os.environ))
    with locked(notes / "rotation.lock", LOCK_SECONDS):  # one at a time: two profiles may share a key
        rotation = Rotation(connection, credentials_file(os.environ), profile, notes, now=given.flag("now"))
        done = rotation.run()
    if rotation.backup:
        connection.output.notice(f"{rotation.file} has the new key; {rotation.backup} is the file as it was.")
    if config := config_with(os.environ, done["old"]):
        connection.output.notice(f"{config} has the old key too. It no longer works: replace it there, or remove it.")
    connection.output.show(done, lambda: connection.output.line(_rotated(done)))


def enroll(connection: Connection, given: Given) -> None:
    """Make a device and show its QR code; enable it by two codes."""
    from access_broker.credentials.enrolment import Enrolment  # noqa: PLC0415  only here

    enrolment, codes = Enrolment(connection.broker, connection.output), given.texts("code")
    if codes:
        enrolment.enable(str(connection.broker.get("whoami")["name"]), codes)
    else:
        enrolment.run(interactive=sys.stdin.isatty() and not connection.output.as_json)


def remove(connection: Connection, given: Given) -> None:
    """Remove a device of one's own."""
    name = given.text("name") or str(connection.broker.get("whoami")["name"])
    removed = connection.broker.delete("me", "mfa-devices", name)
    connection.output.show(removed, lambda: connection.output.line(f"Removed {removed['name']}."))


def password(connection: Connection, _given: Given) -> None:
    """POST /v1/me/password."""
    made = connection.broker.post("me", "password")
    connection.output.show(made, lambda: connection.output.facts([("password", made["password"])]))
    connection.output.notice("It is shown this once, and the next sign-in asks for another.")


def _rotated(done: dict[str, Any]) -> str:
    if done["old_status"] == "Deleted":
        return f"Profile {done['profile']} uses {done['key']}; {done['old']} is deleted."
    return (
        f"Profile {done['profile']} uses {done['key']}; {done['old']} is inactive. Run the command again after "
        f"{done['old_deleted_after'][:16]} UTC, or with --now, to delete it."
    )


def _facts(found: dict[str, Any]) -> list[tuple[str, object]]:
    keys = [(f"key {key['id']}", _key(key)) for key in found["access_keys"]]
    devices = [("MFA device", device["serial"]) for device in found["mfa_devices"]] or [("MFA device", "none")]
    return [
        ("arn", found["arn"]),
        *keys,
        *devices,
        ("console", "yes" if found["console_access"] else "no"),
        ("MFA proven", "yes" if found["mfa_proven"] else "no"),
        ("managed here", "yes" if found["managed"] else "no: in IAM"),
    ]


def _key(key: dict[str, Any]) -> str:
    told = f"{key['status']}, made {key['created_at'][:10]}, used {key['last_used_at'] or 'never'}"
    return told + _stage(key.get("cleanup"))


def _stage(cleanup: dict[str, Any] | None) -> str:
    """The stage of an old key, for its owner."""
    if not cleanup or cleanup["stage"] == "reported":
        return ""
    if cleanup["stage"] == "deactivated":
        return f"; deactivated by clean-up on {cleanup['since'][:10]}: an administrator runs broker keys restore"
    return f"; old: inactive from {cleanup['next_at'][:10]}, run broker keys rotate" if cleanup["next_at"] else "; old"


KEY = Argument("KEY", "The access key's id, as `broker keys` shows it.")

COMMANDS = {
    "me": Command(me, "Show your own access keys and MFA devices.", examples=("broker me",)),
    "me password": Command(
        password, "Give yourself a new one-time console password.", examples=("broker me password",)
    ),
    "keys": Command(me, "Show your own access keys.", examples=("broker keys",)),
    "keys rotate": Command(
        rotate,
        "Replace the access key of your profile.",
        (Option("--now", "Delete the old key at once, not after a day."),),
        more="A second key is made, written into the credentials file (a backup stays beside it) and tried; then the "
        "old one is made inactive. Run it again to delete the old key, or after an interruption to finish.",
        examples=("broker keys rotate", "broker keys rotate --now --profile dana"),
    ),
    "keys set": Command(
        activate_key,
        "Make a key active, or inactive with --off.",
        (KEY, Option("--off", "Make it inactive.")),
        examples=("broker keys set AKIAIOSFODNN7EXAMPLE --off",),
    ),
    "keys restore": Command(
        restore,
        "Activate the access keys of a user that clean-up deactivated; for administrators.",
        (Argument("NAME", "The IAM user's name.", user_name),),
        more="A key that its owner made inactive stays inactive. A restored key has its whole time again "
        "(docs/cleanup.md).",
        examples=("broker keys restore dana",),
    ),
    "keys delete": Command(
        delete_key, "Delete a key of yours.", (KEY,), examples=("broker keys delete AKIAIOSFODNN7EXAMPLE",)
    ),
    "mfa": Command(me, "Show your MFA devices.", examples=("broker mfa",)),
    "mfa enroll": Command(
        enroll,
        "Enrol an MFA device: a QR code, and two codes of the device.",
        (Option("--code", "A code of the device made before; give two.", "CODE", many=True),),
        more="Any authenticator app reads the QR code. Without a terminal, or with --json, the command only makes the "
        "device; run it again with two codes to enable it. From then on, changing your keys and devices asks for MFA.",
        examples=("broker mfa enroll", "broker mfa enroll --json", "broker mfa enroll --code 123456 --code 654321"),
    ),
    "mfa remove": Command(
        remove,
        "Remove an MFA device of yours.",
        (Argument("NAME", "The device's name. [your own]", optional=True),),
        examples=("broker mfa remove",),
    ),
}
