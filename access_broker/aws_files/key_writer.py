"""Another access key for one profile of the AWS credentials file; every other byte stays."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from access_broker.aws_files.sections import OPTION, options, profile_of_credentials, sections
from access_broker.failures import Misused
from access_broker.storage.files import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY, SECRET, TOKEN = "aws_access_key_id", "aws_secret_access_key", "aws_session_token"


def credentials_file(environ: Mapping[str, str]) -> Path:
    """The file that SDKs read (AWS SDKs and Tools Reference Guide, "Location of the shared files")."""
    return Path(environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()


def key_in(path: Path, profile: str) -> str:
    """The access key id of the profile; Misused where the file has none, or keys that are not long-term ones."""
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise Misused(f"{path} cannot be read ({error.strerror}): a key is rotated in the credentials file.") from error
    found = _options(lines, path, profile)
    if TOKEN in found or KEY not in found or SECRET not in found:
        raise Misused(f"Profile {profile} in {path} has no access key of its own to rotate: pass --profile.")
    return found[KEY]


def write_key(path: Path, profile: str, key: str, secret: str) -> Path:
    """Put the key in the place of the present one, atomically; answers the backup. A symlink stays one."""
    target = path.resolve()
    before, state = target.read_bytes(), target.stat()
    after = with_key(before, path, profile, {KEY: key, SECRET: secret})
    backup = target.with_name(f"{target.name}.broker-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.backup")
    replace(backup, before, state)
    replace(target, after, state)
    return backup


def with_key(content: bytes, path: Path, profile: str, values: Mapping[str, str]) -> bytes:
    """The file with other values for these options of the profile."""
    lines = content.splitlines(keepends=True)
    section = _section(lines, path, profile)
    for number in range(section[0] + 1, section[1]):
        option = OPTION.match(lines[number])
        name = option[1].decode().lower() if option else ""
        if option and name in values:
            start, end = option.span(2)
            lines[number] = lines[number][:start] + values[name].encode() + lines[number][end:]
    return b"".join(lines)


def _options(lines: list[bytes], path: Path, profile: str) -> dict[str, str]:
    start, end = _section(lines, path, profile)
    return options(lines[start:end])


def _section(lines: list[bytes], path: Path, profile: str) -> tuple[int, int]:
    found = [one for one in sections(lines) if profile_of_credentials(lines[one.start]) == profile]
    if len(found) != 1:
        times = "more than once" if found else "not"
        raise Misused(f"{path} has profile {profile} {times}: a key is rotated where it stands exactly once.")
    return found[0].start, found[0].end


def keys_in_variables(environ: Mapping[str, str] = os.environ) -> bool:
    """True if environment variables have the keys that sign."""
    return bool(environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY"))
