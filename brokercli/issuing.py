"""Getting a role's credentials: kept ones while they last, new ones when not, approval in between."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from brokercli.approvals import granted
from brokercli.role_credentials import issued

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from brokercli.asking import RoleAsk
    from brokercli.connection import Connection
    from brokercli.role_credentials import RoleCredentials
    from brokercli.settings import Settings
    from brokercli.vault import Vault

AWS_FILES = (("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuing:
    """Credentials of one broker for one caller, asked for as seldom as possible."""

    connection: Connection
    vault: Vault
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def take(self, ask: RoleAsk, *, fresh: bool = False, wait: bool = True) -> RoleCredentials:
        """Usable credentials. Where approval is needed, files the request and, with `wait`, waits for it."""
        return granted(lambda: self.kept_or_new(ask, fresh=fresh), ask, self.connection, wait=wait)

    def kept_or_new(self, ask: RoleAsk, *, fresh: bool = False) -> RoleCredentials:
        """The kept ones while they last, else new ones; ApprovalRequired and its kin as the broker says."""
        key = cache_key(self.connection.settings, ask, os.environ)
        if not fresh and (kept := self._usable(key)):
            return kept
        with self.vault.fetching(key):
            if not fresh and (kept := self._usable(key)):
                return kept
            credentials = issued(self.connection.broker.post("credentials", body=ask.body()), self.clock())
            self.vault.put(key, credentials)
        return credentials

    def _usable(self, key: str) -> RoleCredentials | None:
        kept = self.vault.get(key)
        return kept if kept and kept.usable(self.clock()) else None


def cache_key(settings: Settings, ask: RoleAsk, environ: Mapping[str, str]) -> str:
    """One key per broker, caller and kind of credentials.

    The caller is the profile together with the content of AWS's files, or the
    access key in the environment: when a profile's keys change hands, so does
    the key here, without asking AWS who that is.
    """
    profile = settings.profile or environ.get("AWS_PROFILE") or "default"
    in_environment = None if settings.profile else environ.get("AWS_ACCESS_KEY_ID")
    caller = [in_environment] if in_environment else [profile, *(_digest(environ, *file) for file in AWS_FILES)]
    parts = [settings.url, caller, ask.scope()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:40]


def _digest(environ: Mapping[str, str], variable: str, usual: str) -> str:
    try:
        content = Path(environ.get(variable) or usual).expanduser().read_bytes()
    except (OSError, RuntimeError):
        return ""
    return hashlib.sha256(content).hexdigest()
