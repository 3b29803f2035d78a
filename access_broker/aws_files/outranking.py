"""Identities that SDKs prefer to a profile of the config file: such a profile would not give the role."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from access_broker.aws_files.sections import options, profile_of_credentials, sections
from access_broker.failures import Misused

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFERRED_VARIABLES = (
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ("AWS_ACCESS_KEY", "AWS_SECRET_KEY"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"),
)
"""Pairs that the SDKs read before the profile that AWS_PROFILE names (botocore, SDK for Go)."""

HARMLESS = frozenset({"region", "output"})


def refuse_outranked(profile: str, environ: Mapping[str, str]) -> None:
    """Misused where programs would run as the person although they name `profile`."""
    for pair in PREFERRED_VARIABLES:
        if all(environ.get(name) for name in pair):
            raise Misused(
                f"{pair[0]} is set here, and AWS SDKs prefer it to a profile: they would run as you, not as the role. "
                f"Unset {' and '.join(pair)} and keep your keys in a profile of their own (`aws configure --profile "
                "me`), or use `broker exec`."
            )
    path = Path(environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()
    if line := _line_in_credentials(path, profile):
        raise Misused(
            f"{path}, line {line}: [{profile}] has credentials, and AWS SDKs prefer these to the AWS config: they "
            "would run as you, not as the role. Choose another name with --name, or rename that section."
        )


def _line_in_credentials(path: Path, profile: str) -> int:
    """The line of the section that would win, counted from 1; 0 where there is none."""
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError:
        return 0
    for section in sections(lines):
        inside = lines[section.start : section.end]
        if profile_of_credentials(inside[0]) == profile and options(inside).keys() - HARMLESS:
            return section.start + 1
    return 0
