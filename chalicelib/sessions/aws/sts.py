"""STS: AssumeRole on a caller's behalf."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import translated
from chalicelib.core.domain.errors import ORGANISATIONS_POLICIES, RefusedByAws
from chalicelib.core.domain.sessions import Credentials

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

    from chalicelib.core.domain.errors import BrokerError
    from chalicelib.core.domain.sessions import SessionSettings

PERCENTAGE = re.compile(r"(\d+)%")
"""As in "Packed policy consumes 112% of allotted space, please use smaller policy."."""

PERHAPS_NEW = "A role made or changed less than a minute ago may need another try; `broker explain` says the rest."

OF_THE_ORGANISATION = (
    "Ask the organisation's administrators; `broker explain` names the policy if the broker may read it."
)

ANOTHER_ROLE = "The account has another role of that name than the broker made; an administrator applies its template."


class StsRoleSessions:
    """AssumeRole (docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html)."""

    def __init__(self, client: STSClient) -> None:
        self._sts = client

    def assume(self, settings: SessionSettings) -> Credentials:
        """Temporary credentials; RefusedByAws or AwsUnavailable with AWS's code. Those of another role are dropped."""
        try:
            answer = self._sts.assume_role(**_parameters(settings))
        except (ClientError, BotoCoreError) as error:
            raise _refusal(error, settings) from error
        if settings.role_id not in {"", answer["AssumedRoleUser"]["AssumedRoleId"].partition(":")[0]}:
            raise RefusedByAws(ANOTHER_ROLE, "RoleReplaced")
        given = answer["Credentials"]
        return Credentials(given["AccessKeyId"], given["Expiration"], given["SecretAccessKey"], given["SessionToken"])


def _refusal(error: ClientError | BotoCoreError, settings: SessionSettings) -> BrokerError:
    """IAM is eventually consistent: for some seconds AWS refuses to assume a role that was just made."""
    refusal = translated(error, "issuing the session")
    if not isinstance(refusal, RefusedByAws):
        return refusal
    access_denied = OF_THE_ORGANISATION if refusal.denied_by in ORGANISATIONS_POLICIES else PERHAPS_NEW
    more = {"AccessDenied": access_denied, "PackedPolicyTooLarge": _too_large(str(error), settings)}
    if said := more.get(refusal.aws_code):
        return RefusedByAws(f"{refusal.detail} {said}", refusal.aws_code, refusal.denied_by)
    return refusal


def _too_large(message: str, settings: SessionSettings) -> str:
    """The part that does not fit, with AWS's percentage: it packs tags and policy into one space."""
    given = [name for name, there in (("tags", len(settings.tags) > 1), ("policy", _narrows(settings))) if there]
    percentage = PERCENTAGE.search(message)
    filled = f"{percentage[1]}% of" if percentage else "more than"
    return f"The session's {' and '.join(given) or 'tags'} would fill {filled} the space that AWS has for them."


def _narrows(settings: SessionSettings) -> bool:
    return settings.policy is not None or bool(settings.policy_arns)


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
        from chalicelib.core.domain.policy_documents import session_policy_text  # noqa: PLC0415  few send a policy

        parameters["Policy"] = session_policy_text(settings.policy)
    if settings.policy_arns:
        parameters["PolicyArns"] = [{"arn": arn} for arn in settings.policy_arns]
    return parameters
