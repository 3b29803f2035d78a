"""Secrets: SecureString parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import error_code, translated

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


class ParameterSecrets:
    """GetParameter with decryption (Systems Manager API reference). Values are never logged, nor part of a repr."""

    def __init__(self, client: SSMClient, prefix: str) -> None:
        self._ssm, self._prefix = client, prefix

    def get(self, name: str) -> str:
        """The secret of that name; "" where none is stored."""
        try:
            answer = self._ssm.get_parameter(Name=f"{self._prefix}/{name}", WithDecryption=True)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "ParameterNotFound":
                return ""
            raise translated(error, "reading a secret") from error
        return str(answer["Parameter"]["Value"])
