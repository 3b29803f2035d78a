"""STS: AssumeRole on a caller's behalf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import translated
from chalicelib.core.domain.errors import RefusedByAws
from chalicelib.core.domain.policy_documents import session_policy_text
from chalicelib.core.domain.sessions import Credentials

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

    from chalicelib.core.domain.errors import BrokerError
    from chalicelib.core.domain.sessions import SessionSettings

PERHAPS_NEW = "A role made or changed less than a minute ago may need another try; `broker explain` says the rest."


class StsRoleSessions:
    """AssumeRole (docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html)."""

    def __init__(self, client: STSClient) -> None:
        self._sts = client

    def assume(self, settings: SessionSettings) -> Credentials:
        """Temporary credentials; RefusedByAws or AwsUnavailable with AWS's code."""
        try:
            answer = self._sts.assume_role(**_parameters(settings))
        except (ClientError, BotoCoreError) as error:
            raise _refusal(error) from error
        given = answer["Credentials"]
        return Credentials(given["AccessKeyId"], given["Expiration"], given["SecretAccessKey"], given["SessionToken"])


def _refusal(error: ClientError | BotoCoreError) -> BrokerError:
    """IAM is eventually consistent: for some seconds AWS refuses to assume a role that was just made."""
    refusal = translated(error, "issuing the session")
    if isinstance(refusal, RefusedByAws) and refusal.aws_code == "AccessDenied":
        return RefusedByAws(f"{refusal.detail} {PERHAPS_NEW}", refusal.aws_code)
    return refusal


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
        parameters["Policy"] = session_policy_text(settings.policy)
    if settings.policy_arns:
        parameters["PolicyArns"] = [{"arn": arn} for arn in settings.policy_arns]
    return parameters
