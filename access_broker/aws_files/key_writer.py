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
    return _expanded(environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials")


def config_with(environ: Mapping[str, str], key: str) -> Path | None:
    """The AWS config file, if it has this key: profiles there may have one too."""
    path = _expanded(environ.get("AWS_CONFIG_FILE") or "~/.aws/config")
    try:
        return path if key.encode() in path.read_bytes() else None
    except OSError:
        return None


def _expanded(path: str) -> Path:
    return Path(os.path.expandvars(path)).expanduser()  # as botocore does


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


def keep_backup(path: Path) -> Path:
    """A copy beside the file. OSError here means that the file could not be written either."""
    target = path.resolve()
    backup = target.with_name(f"{target.name}.broker-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.backup")
    replace(backup, target.read_bytes(), target.stat())
    return backup


def write_key(path: Path, old: str, key: str, secret: str) -> None:
    """Put the key in the place of the old one in every profile that has it, atomically. A symlink stays one."""
    target = path.resolve()
    after = with_key(target.read_bytes(), old, {KEY: key, SECRET: secret})
    replace(target, after, target.stat())


def with_key(content: bytes, old: str, values: Mapping[str, str]) -> bytes:
    """The file with other values for these options of the profiles whose key is `old`."""
    lines = content.splitlines(keepends=True)
    for section in sections(lines):
        if options(lines[section.start : section.end]).get(KEY) == old:
            for number in range(section.start + 1, section.end):
                lines[number] = _with_value(lines[number], values)
    return b"".join(lines)


def _with_value(line: bytes, values: Mapping[str, str]) -> bytes:
    option = OPTION.match(line)
    name = option[1].decode().lower() if option else ""
    if not option or name not in values:
        return line
    start, end = option.span(2)
    return line[:start] + values[name].encode() + line[end:]


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
