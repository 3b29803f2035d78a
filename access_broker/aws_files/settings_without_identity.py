"""An AWS config file for a program that runs as a role: the person's settings, and nothing that leads to the person.

SDKs read `[default]` before they ask a container endpoint, and some (.NET, PowerShell) before the environment. A
program that sees the person's files may run as the person without a word. It gets these instead.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from access_broker.aws_files.sections import (
    OPTION,
    header_words,
    profile_of_config,
    profile_of_credentials,
    sections,
)
from access_broker.storage.files import private_directory, replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SETTINGS = frozenset(
    {
        "account_id_endpoint_mode", "api_versions", "auth_scheme_preference", "ca_bundle", "cli_auto_prompt",
        "cli_binary_format", "cli_follow_urlparam", "cli_help_output", "cli_history", "cli_pager",
        "cli_timestamp_format", "defaults_mode", "disable_request_compression", "endpoint_discovery_enabled",
        "endpoint_url", "ignore_configured_endpoint_urls", "max_attempts", "output", "parameter_validation", "region",
        "request_checksum_calculation", "request_min_compression_size_bytes", "response_checksum_validation",
        "retry_mode", "s3", "s3_disable_multiregion_access_points", "s3_us_east_1_regional_endpoint",
        "s3_use_arn_region", "s3api", "sdk_ua_app_id", "services", "sigv4a_signing_region_set",
        "sts_regional_endpoints", "tcp_keepalive", "use_dualstack_endpoint", "use_fips_endpoint",
    }
)  # fmt: skip
"""Options that name no identity (AWS SDKs and Tools Reference Guide, "Settings reference"). Others stay out: a new one
may lead to credentials."""

EMPTY_FILES = ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CREDENTIAL_PROFILES_FILE", "BOTO_CONFIG")
"""Variables that name other files of credentials: of the SDKs, of the SDK for Java 1, and of boto 2, whose file
botocore still reads."""


def file_variables(environ: Mapping[str, str], profile: str, directory: Path) -> dict[str, str]:
    """The variables that lead every SDK to files without an identity, and keep it off the instance metadata.

    The config file stands in `directory`, named by its content: it holds no secret and outlives the program that
    `exec` turns into. Where it cannot be written, the program goes without the settings.
    """
    config = _read(environ.get("AWS_CONFIG_FILE") or "~/.aws/config")
    credentials = _read(environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials")
    place = _written(without_identity(config, credentials, profile), directory)
    return {"AWS_CONFIG_FILE": place, **dict.fromkeys(EMPTY_FILES, os.devnull), "AWS_EC2_METADATA_DISABLED": "true"}


def without_identity(config: bytes, credentials: bytes, profile: str) -> bytes:
    """The settings of `profile` as `[default]`, and the sections of services."""
    mine = [*_settings(config, profile, of_credentials=False), *_settings(credentials, profile, of_credentials=True)]
    return b"".join([b"[default]\n", *mine, *_services(config)])


def _settings(content: bytes, profile: str, *, of_credentials: bool) -> Iterator[bytes]:
    """The lines of the settings, with those that are indented below them."""
    named = profile_of_credentials if of_credentials else profile_of_config
    lines = content.splitlines(keepends=True)
    for section in sections(lines):
        if named(lines[section.start]) == profile:
            yield from _kept(lines[section.start + 1 : section.end])


def _kept(inside: list[bytes]) -> Iterator[bytes]:
    keeping = False
    for line in inside:
        if option := OPTION.match(line):
            keeping = option[1].decode().lower() in SETTINGS
        if keeping and line.strip():
            yield _ended(line)


def _services(content: bytes) -> Iterator[bytes]:
    """`[services NAME]` holds endpoints and nothing else."""
    lines = content.splitlines(keepends=True)
    for section in sections(lines):
        if header_words(lines[section.start])[:1] == ["services"]:
            yield from (_ended(line) for line in lines[section.start : section.end])


def _ended(line: bytes) -> bytes:
    return line if line.endswith((b"\n", b"\r")) else line + b"\n"


def _read(place: str) -> bytes:
    with contextlib.suppress(OSError, RuntimeError):
        return Path(place).expanduser().read_bytes()
    return b""


def _written(content: bytes, directory: Path) -> str:
    path = directory / f"aws-config-{hashlib.sha256(content).hexdigest()[:16]}"
    try:
        replace(private_directory(directory) / path.name, content)
    except OSError:
        return os.devnull
    return str(path)
