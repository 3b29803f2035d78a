"""Secrets: SecureString parameters, read when needed and again after some minutes, so that they can be rotated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import error_code, translated

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

KEPT_SECONDS = 300


class ParameterSecrets:
    """GetParameter with decryption (Systems Manager API reference). Values are never logged, nor part of a repr."""

    def __init__(self, client: Any, prefix: str, clock: Callable[[], datetime]) -> None:
        self._ssm, self._prefix, self._clock = client, prefix, clock
        self._kept: dict[str, tuple[datetime, str]] = {}

    def get(self, name: str) -> str:
        """The secret of that name, at most five minutes old; "" where nobody has put one."""
        now = self._clock()
        kept = self._kept.get(name)
        if kept is None or (now - kept[0]).total_seconds() >= KEPT_SECONDS:
            kept = self._kept[name] = (now, self._read(name))
        return kept[1]

    def _read(self, name: str) -> str:
        try:
            answer = self._ssm.get_parameter(Name=f"{self._prefix}/{name}", WithDecryption=True)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "ParameterNotFound":
                return ""
            raise translated(error, "reading a secret") from error
        return str(answer["Parameter"]["Value"])
