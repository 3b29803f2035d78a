"""A profile in the AWS config, so that every AWS tool takes its credentials from the broker."""

from __future__ import annotations

import hashlib
import locale
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from access_broker.aws_files.outranking import refuse_outranked
from access_broker.aws_files.profile_writer import write_profile
from access_broker.command_line.options import REASON, ROLE
from access_broker.command_line.spec import Command, Option
from access_broker.failures import Misused
from access_broker.http.signing import aws_session, chosen_profile
from access_broker.names import nearest_role
from access_broker.storage.vault import open_vault

if TYPE_CHECKING:
    from access_broker.aws_files.profile_writer import Written
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection

PROFILE_NAME = re.compile(r"[\w+=,.@:/-]+", re.ASCII)


def configure(connection: Connection, given: Given) -> None:
    """Write the profile."""
    role = given.word("role")
    profile = given.text("name") or f"broker-{role.replace(':', '-')}"
    if not PROFILE_NAME.fullmatch(profile):
        raise Misused(f"{profile!r} cannot be a profile's name: letters, digits and + = , . @ : / _ - can.")
    refuse_outranked(profile, os.environ)
    with nearest_role(connection, role):
        reason = _reason(connection, connection.broker.get("roles", role), given.text("reason"))
    path = Path(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser()
    own, options = _caller(connection)
    process = _quoted(_process(connection, role, own, reason))
    with open_vault(os.environ, connection.output.notice).fetching(_lock_name(path)):
        written = write_profile(path, profile, process, options)
    _report(connection, profile, path, written)


def _reason(connection: Connection, role: dict[str, Any], given: str | None) -> str | None:
    """The reason that every session of the profile will have; asked for where the role's rule demands one."""
    reason = given
    if not reason and role.get("reason_required"):
        if connection.output.as_json or not sys.stdin.isatty():
            raise Misused(f"{role['name']} needs a reason for every session: pass it with --reason TEXT.")
        reason = input(f"{role['name']} needs a reason for every session. Reason: ").strip()
        if not reason:
            raise Misused("Without a reason the profile would not work: nothing was written.")
    _refuse_other_letters(reason)
    return reason


def _refuse_other_letters(reason: str | None) -> None:
    """The AWS CLI reads its config in the locale's encoding; it is written in UTF-8."""
    encoding = locale.getpreferredencoding(False)
    if reason and not reason.isascii() and encoding.lower().replace("-", "").replace("_", "") != "utf8":
        raise Misused(
            f"The AWS CLI would read the config in this computer's encoding ({encoding}) and fail at {reason!r}: write "
            "--reason with ASCII letters, or change the locale to one in UTF-8."
        )


def _caller(connection: Connection) -> tuple[str | None, dict[str, str]]:
    """The profile that signs, and what else of it a profile for the same person needs."""
    session = aws_session(connection.settings.profile)
    own = chosen_profile(session, connection.settings.profile)
    said = {
        "region": session.get_config_variable("region"),
        "endpoint_url": session.get_scoped_config().get("endpoint_url"),
    }
    return own, {option: str(value) for option, value in said.items() if value}


def _process(connection: Connection, role: str, own: str | None, reason: str | None) -> list[str]:
    settings = connection.settings
    flags = {"--url": settings.url, "--region": settings.region, "--profile": own, "--reason": reason}
    given = [word for flag, value in flags.items() if value for word in (flag, value)]
    return [*_this_program(), "creds", role, "--format", "process", *given]


def _this_program() -> list[str]:
    """The words that start broker from anywhere: an SDK may run with another PATH and directory."""
    started = Path(sys.argv[0])
    if started.name in {"broker", "broker.exe"} and started.exists():
        return [str(started.absolute())]
    return [sys.executable, "-m", "access_broker"]


def _quoted(words: list[str]) -> str:
    """For the AWS SDKs: botocore splits the line like a shell, others give it to one."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _lock_name(path: Path) -> str:
    return "config-" + hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]


def _report(connection: Connection, profile: str, path: Path, written: Written) -> None:
    backup = str(written.backup) if written.backup else None
    document = {"profile": profile, "config_file": str(path), "changed": written.changed, "backup": backup}
    state = "is in" if written.changed else "was right already in"
    words = f"Profile {profile} {state} {path}. Try: aws --profile {profile} sts get-caller-identity"
    connection.output.show(document, lambda: connection.output.line(words))


COMMANDS = {
    "configure": Command(
        configure,
        "Write an AWS profile that uses the broker, for the AWS CLI, SDKs and Terraform.",
        (ROLE, Option("--name", "The profile's name. [broker-ROLE]", "NAME"), REASON),
        more="Use it with `aws --profile`, AWS_PROFILE, or `profile` of a Terraform provider. Nothing else in the AWS "
        "config changes; the file as it was is kept beside it.",
        examples=(
            "broker configure ec2-full",
            "aws --profile broker-ec2-full ec2 describe-instances",
            'broker configure prod-ec2 --name prod --reason "on call"',
        ),
    )
}
