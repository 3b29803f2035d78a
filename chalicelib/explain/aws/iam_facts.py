"""IAM, read only, for explanations: what a role is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import error_code, translated
from chalicelib.core.domain.roles import boundaries_of
from chalicelib.explain.domain.layers import RoleInAws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_iam import IAMClient

    Document = Mapping[str, Any]

Found = TypeVar("Found")


class ReadOnlyIam:
    """GetRole and the role's policies. Only boundaries of this deployment are read."""

    def __init__(self, client: IAMClient, boundary_arn: str) -> None:
        self._iam, self._boundary_arn = client, boundary_arn

    def role(self, arn: str, *, policies: bool) -> RoleInAws | None:
        """The role as IAM holds it, or None; with `policies`, those too."""
        role = _found(lambda: self._iam.get_role(RoleName=arn.rsplit("/", maxsplit=1)[-1])["Role"])
        if role is None or role["Arn"] != arn:
            return None
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        document = self.policy(boundary) if boundary in boundaries_of(self._boundary_arn) else None
        return RoleInAws(
            cast("Document", role["AssumeRolePolicyDocument"]),
            document,
            role.get("MaxSessionDuration", 3600),
            self.policies(arn) if policies else {},
        )

    def trust(self, role: str) -> Mapping[str, Any] | None:
        """The trust policy of a role by name, or None."""
        found = _found(lambda: self._iam.get_role(RoleName=role)["Role"])
        return cast("Document", found["AssumeRolePolicyDocument"]) if found else None

    def policies(self, arn: str) -> dict[str, Mapping[str, Any]]:
        """The documents of the role's inline and attached policies; none for a role that is gone.

        By ARN, or as "inline policy NAME": an attached one may be called like an inline one, and two like each other.
        """
        name = arn.rsplit("/", maxsplit=1)[-1]
        return _found(lambda: {**dict(self._inline(name)), **dict(self._attached(name))}) or {}

    def _inline(self, role: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for page in self._iam.get_paginator("list_role_policies").paginate(RoleName=role):
            for policy in page["PolicyNames"]:
                read = self._iam.get_role_policy(RoleName=role, PolicyName=policy)
                yield f"inline policy {policy}", cast("Document", read["PolicyDocument"])

    def _attached(self, role: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for page in self._iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
            for policy in page["AttachedPolicies"]:
                yield policy["PolicyArn"], self.policy(policy["PolicyArn"]) or {}

    def policy(self, arn: str) -> Mapping[str, Any] | None:
        """The document of a managed policy, or None."""
        policy = _found(lambda: self._iam.get_policy(PolicyArn=arn)["Policy"])
        if policy is None:
            return None
        version = policy["DefaultVersionId"]
        read = self._iam.get_policy_version(PolicyArn=arn, VersionId=version)
        return cast("Document", read["PolicyVersion"]["Document"])


def _found(read: Callable[[], Found]) -> Found | None:
    try:
        return read()
    except (ClientError, BotoCoreError) as error:
        if error_code(error) == "NoSuchEntity":
            return None
        raise translated(error, "reading IAM") from error
