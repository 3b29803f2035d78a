"""IAM managed policies and account settings, read only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import error_code, translated
from chalicelib.provisioning.domain.users import PasswordPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_iam import IAMClient

    Document = Mapping[str, Any] | None
    Remember = Callable[[str, Callable[[], Document]], Document]
    """Answers a remembered value, or what the function reads now."""


class IamPolicies:
    """The port PolicyLibrary."""

    def __init__(self, client: IAMClient) -> None:
        self._iam = client

    def document(self, arn: str) -> Mapping[str, Any] | None:
        """The default version's document, or None where there is no such policy."""
        try:
            version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            answer = self._iam.get_policy_version(PolicyArn=arn, VersionId=version)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) in {"NoSuchEntity", "InvalidInput", "ValidationError"}:
                return None
            raise translated(error, "reading a managed policy") from error
        return cast("Mapping[str, Any]", answer["PolicyVersion"]["Document"])


class RememberedPolicies:
    """The port PolicyLibrary, which reads AWS's own policies once in a while: they are the same for every account.

    A plan of 1,000 accounts would read them as often, and IAM's read rate in
    the broker's account is small. Policies of the account are read each time.
    """

    def __init__(self, policies: IamPolicies, remember: Remember) -> None:
        self._policies, self._remember = policies, remember

    def document(self, arn: str) -> Mapping[str, Any] | None:
        """The default version's document, or None where there is no such policy."""
        if ":iam::aws:" not in arn:
            return self._policies.document(arn)
        return self._remember(arn, lambda: self._policies.document(arn))


class IamAccount:
    """The port AccountSettings."""

    def __init__(self, client: IAMClient) -> None:
        self._iam = client

    def alias(self) -> str:
        """The account alias, or an empty string."""
        try:
            aliases = self._iam.list_account_aliases()["AccountAliases"]
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "reading the account alias") from error
        return str(aliases[0]) if aliases else ""

    def password_policy(self) -> PasswordPolicy:
        """The account's own, or IAM's default."""
        try:
            policy = self._iam.get_account_password_policy()["PasswordPolicy"]
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "NoSuchEntity":
                return PasswordPolicy()
            raise translated(error, "reading the password policy") from error
        return PasswordPolicy(
            min_length=policy.get("MinimumPasswordLength", 8),
            users_may_change=policy.get("AllowUsersToChangePassword", False),
        )
