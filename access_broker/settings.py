"""The broker's address and the caller: flags first, then the environment, then the config file."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from access_broker.failures import Misused

if TYPE_CHECKING:
    from collections.abc import Mapping

KNOWN = frozenset({"url", "profile", "region"})
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
EXECUTE_API = re.compile(r"[a-z0-9-]+\.execute-api(?:-fips)?\.([a-z]{2,}(?:-[a-z0-9]+)+)\.[a-z0-9.-]+")
"""An API Gateway host names its region (API Gateway Developer Guide, "Invoke a REST API"), in every partition: after it
comes amazonaws.com, amazonaws.com.cn, amazonaws.eu, api.aws or what a partition to come has."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One broker and one caller. `profile` None means whatever the standard chain finds."""

    url: str
    profile: str | None = None
    region: str | None = None

    def signing_region(self, environ: Mapping[str, str]) -> str | None:
        """The region to sign for, or None where only the profile may know.

        The host comes before AWS_REGION: that one says where a person's own
        work runs, which need not be where the broker does.
        """
        named = EXECUTE_API.fullmatch(urlsplit(self.url).hostname or "")
        in_host = named.group(1) if named else None
        return self.region or in_host or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")


def find_settings(
    url: str | None, profile: str | None, region: str | None, environ: Mapping[str, str] = os.environ
) -> Settings:
    """Flags over BROKER_URL over the config file; Misused where the URL is missing or unfit."""
    kept = read_config_file(config_file(environ))
    address = url or environ.get("BROKER_URL") or kept.get("url")
    if not address:
        raise Misused(
            f'No broker address: pass --url, set BROKER_URL, or put url = "https://…" into {config_file(environ)}.'
        )
    return Settings(checked_url(address), profile or kept.get("profile"), region or kept.get("region"))


def config_file(environ: Mapping[str, str]) -> Path:
    """`access-broker/config.toml` below XDG_CONFIG_HOME (XDG Base Directory Specification)."""
    base = environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "access-broker" / "config.toml"


def read_config_file(path: Path) -> dict[str, str]:
    """The file's settings; an absent file has none."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise Misused(f"{path} cannot be read ({error}): mend or remove it.") from error
    import tomllib  # noqa: PLC0415  most computers have BROKER_URL and no such file

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Misused(f"{path} cannot be read ({error}): mend or remove it.") from error
    for name, value in document.items():
        if name not in KNOWN or not isinstance(value, str):
            raise Misused(f"{path}: {name} is not a setting; it takes {', '.join(sorted(KNOWN))}, each a string.")
    return document


def checked_url(url: str) -> str:
    """The address without a trailing slash. Plain HTTP only to this computer: answers carry credentials."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError as error:
        raise Misused(f"{url!r} is not an address ({error}): it looks like https://abc.execute-api.…/api.") from error
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment or parts.username:
        raise Misused(
            f"{url!r} is not the broker's address: it looks like https://abc.execute-api.….amazonaws.com/api."
        )
    if parts.scheme == "http" and host not in LOOPBACK:
        raise Misused(f"{url} would send credentials unencrypted: use https://.")
    return url.rstrip("/")
