"""STS: AssumeRole on a caller's behalf."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws.clients import translated
from chalicelib.domain.sessions import Credentials

if TYPE_CHECKING:
    from chalicelib.domain.ports import SessionSettings


class StsRoleSessions:
    """AssumeRole (docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html)."""

    def __init__(self, client: Any) -> None:
        self._sts = client

    def assume(self, settings: SessionSettings) -> Credentials:
        """Temporary credentials; RefusedByAws or AwsUnavailable with AWS's code."""
        try:
            answer = self._sts.assume_role(**_parameters(settings))
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "to issue the session") from error
        given = answer["Credentials"]
        return Credentials(given["AccessKeyId"], given["Expiration"], given["SecretAccessKey"], given["SessionToken"])


def _parameters(settings: SessionSettings) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "RoleArn": settings.role_arn,
        "RoleSessionName": settings.session_name,
        "SourceIdentity": settings.source_identity,
        "ExternalId": settings.external_id,
        "DurationSeconds": settings.duration_seconds,
        "Tags": [{"Key": key, "Value": value} for key, value in settings.tags.items()],
    }
    if settings.policy is not None:
        parameters["Policy"] = json.dumps(settings.policy, separators=(",", ":"))
    if settings.policy_arns:
        parameters["PolicyArns"] = [{"arn": arn} for arn in settings.policy_arns]
    return parameters
