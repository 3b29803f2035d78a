"""One profile written into the AWS config file; every other byte stays."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from access_broker.aws_files.diagnosis import fault_in
from access_broker.aws_files.sections import OPTION, profile_of_config, sections
from access_broker.aws_files.sections import options as options_of
from access_broker.failures import Misused
from access_broker.http.signing import written_by_us
from access_broker.storage.files import OWNER_ONLY_DIRECTORY, replace

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

OTHER_SOURCES = frozenset(
    {
        "aws_access_key_id",
        "credential_source",
        "login_session",
        "role_arn",
        "source_profile",
        "sso_account_id",
        "sso_session",
        "sso_start_url",
        "web_identity_token_file",
    }
)
"""Options that give a profile credentials from elsewhere: SDKs would take those before credential_process."""

COMMENT = re.compile(r"\s[#;]")
"""The end of a value for some SDKs: those for Go, Java and Rust take the rest as a comment; botocore reads on."""

ENDS_A_LINE = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's categories of what ends a line or cannot be written: a second line makes the whole file unreadable."""


@dataclass(frozen=True, slots=True)
class Written:
    """The result of writing. `backup` is the file as it was before, if there was one."""

    changed: bool
    backup: Path | None = None


def write_profile(path: Path, name: str, process: str, options: Mapping[str, str]) -> Written:
    """Make profile `name` use `process`, atomically; a new profile also gets `options`.

    A symlink stays one: the file it leads to is replaced, with its mode and owner.
    """
    target = path.resolve()
    state = target.stat() if target.exists() else None
    before = target.read_bytes() if state else b""
    if trouble := fault_in(before, str(path)):
        raise Misused(trouble)
    after = with_profile(before, name, process, options)
    if after == before:
        return Written(changed=False)
    target.parent.mkdir(mode=OWNER_ONLY_DIRECTORY, parents=True, exist_ok=True)
    backup = _backup(target, before, state) if state else None
    replace(target, after, state)
    return Written(changed=True, backup=backup)


def _backup(target: Path, content: bytes, state: os.stat_result) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    backup = target.with_name(f"{target.name}.broker-{stamp}.backup")
    replace(backup, content, state)
    return backup


def with_profile(content: bytes, name: str, process: str, options: Mapping[str, str]) -> bytes:
    """The file with profile `name`; the same bytes where it is right already.

    Misused where another program wrote the profile, or where a value does not fit into such a file.
    """
    for option, value in {"credential_process": process, **options}.items():
        _refuse_unreadable(option, value)
    lines = content.splitlines(keepends=True)
    found = [section for section in sections(lines) if profile_of_config(lines[section.start]) == name]
    if len(found) > 1:
        places = " and ".join(str(section.start + 1) for section in found)
        raise Misused(f"The AWS config has profile {name} more than once, at lines {places}: keep one of them.")
    newline = b"\r\n" if b"\r\n" in content else b"\n"
    if not found:
        return content + _new_profile(content, name, {"credential_process": process, **options}, newline)
    section = found[0]
    inside = lines[section.start : section.end]
    _refuse_foreign(name, options_of(inside))
    return b"".join([*lines[: section.start], *_with_process(inside, process, newline), *lines[section.end :]])


def _new_profile(content: bytes, name: str, options: Mapping[str, str], newline: bytes) -> bytes:
    header = "[default]" if name == "default" else f"[profile {name}]"
    lines = [header, *(f"{option} = {value}" for option, value in options.items()), ""]
    text = newline.join(line.encode() for line in lines)
    if not content:
        return text
    ended = content.endswith((b"\n", b"\r"))
    return (newline if ended else newline * 2) + text


def _with_process(inside: list[bytes], process: str, newline: bytes) -> list[bytes]:
    line = f"credential_process = {process}".encode()
    for number, present in enumerate(inside):
        option = OPTION.match(present)
        if option and option[1].lower() == b"credential_process":
            same = option[2].decode(errors="replace") == process
            return inside if same else [*inside[:number], line + option[3], *inside[number + 1 :]]
    header = inside[0] if inside[0].endswith((b"\n", b"\r")) else inside[0] + newline
    return [header, line + newline, *inside[1:]]


def _refuse_unreadable(option: str, value: str) -> None:
    if COMMENT.search(value) or any(unicodedata.category(letter) in ENDS_A_LINE for letter in value):
        raise Misused(
            f"{option} would hold a line break, another control character, or # or ; after a space, "
            f"which AWS SDKs cannot read back: write --reason (or what else has it) without. It would be: {value}"
        )


def _refuse_foreign(name: str, options: Mapping[str, str]) -> None:
    process = options.get("credential_process")
    other = sorted(OTHER_SOURCES & options.keys())
    if other or (process is not None and not written_by_us(process)):
        has = other[0] if other else "another credential_process"
        raise Misused(f"Profile {name} is not broker's (it has {has}): choose another with --name, or remove it.")
