"""Getting a role's credentials: kept ones while they last, new ones when not, approval in between."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from access_broker.credentials.identity_variables import IDENTITY_VARIABLES
from access_broker.credentials.role_credentials import issued
from access_broker.failures import NotSignedIn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from access_broker.connection import Connection
    from access_broker.credentials.role_ask import RoleAsk
    from access_broker.credentials.role_credentials import RoleCredentials
    from access_broker.settings import Settings
    from access_broker.storage.vault import Vault

PROFILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
CHOOSING = (*IDENTITY_VARIABLES, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")
"""The variables by which the standard chain comes to one identity or another."""

CHOOSING_FILES = (
    ("AWS_CONFIG_FILE", "~/.aws/config"),
    ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", ""),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", ""),
    ("AWS_CREDENTIAL_FILE", ""),
    ("BOTO_CONFIG", "~/.boto"),
)
"""The files it reads: the variable that names each, and where it is without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuing:
    """Credentials of one broker for one caller, asked for as seldom as possible."""

    connection: Connection
    vault: Vault
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def take(self, ask: RoleAsk, *, fresh: bool = False, wait: bool = True) -> RoleCredentials:
        """Usable credentials. Where approval is needed, files the request and, with `wait`, waits for it."""
        from access_broker.credentials.approval import granted  # noqa: PLC0415  kept credentials need no approval
        from access_broker.names import nearest_role  # noqa: PLC0415  nor a guess

        if not fresh and (kept := self._usable(cache_key(self.connection.settings, ask, os.environ))):
            return kept
        with nearest_role(self.connection, ask.role):
            return granted(lambda: self.kept_or_new(ask, fresh=fresh), ask, self.connection, wait=wait)

    def kept_or_new(self, ask: RoleAsk, *, fresh: bool = False) -> RoleCredentials:
        """The kept ones while they last, else new ones; ApprovalRequired and its kin as the broker says."""
        key = cache_key(self.connection.settings, ask, os.environ)
        if not fresh and (kept := self._usable(key)):
            return kept
        with self.vault.fetching(key):
            if not fresh and (kept := self._usable(key)):
                return kept
            credentials = issued(self._asked(ask), self.clock())
            self.vault.put(key, credentials)
        return credentials

    def _asked(self, ask: RoleAsk) -> Any:
        """The answer; where our own sign-in is over, one more try with what other programs made of it meanwhile."""
        try:
            return self.connection.broker.post("credentials", body=ask.body())
        except NotSignedIn:
            self.connection.sign_in_again()
            return self.connection.broker.post("credentials", body=ask.body())

    def _usable(self, key: str) -> RoleCredentials | None:
        kept = self.vault.get(key)
        return kept if kept and kept.usable(self.clock()) else None


def cache_key(settings: Settings, ask: RoleAsk, environ: Mapping[str, str]) -> str:
    """One key per broker, caller and ask: a shorter session or another reason is a session of its own."""
    return _hashed([identity_key(settings, environ), ask.body()])


def identity_key(settings: Settings, environ: Mapping[str, str]) -> str:
    """One key per broker and caller.

    The caller is everything that may lead the standard chain to an identity:
    profile, variables, the content of files, and the machine (an instance has
    a role of its own). Two callers never share a key, without asking AWS who
    they are; one caller may have two.
    """
    ignored = PROFILES if settings.profile else ()
    variables = {name: environ.get(name) for name in CHOOSING if name not in ignored}
    files = [_digest(environ.get(variable) or usual) for variable, usual in CHOOSING_FILES]
    return _hashed([settings.url, settings.profile, variables, files, platform.node()])


def _hashed(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:40]


def _digest(place: str) -> str:
    """Of a file's content; empty where there is none to read."""
    try:
        return hashlib.sha256(Path(place).expanduser().read_bytes()).hexdigest()
    except (OSError, RuntimeError):
        return ""
