"""IAM, tags only: which deployment made a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import error_code, translated
from chalicelib.core.domain.roles import DEPLOYMENT_TAG, MANAGED_TAG

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_iam import IAMClient


class IamRoleOwners:
    """ListRoleTags. The client is made when first needed: few accounts have roles of two deployments."""

    def __init__(self, client: Callable[[], IAMClient]) -> None:
        self._client = client

    def deployment_of(self, role: str) -> str:
        """The deployment in the role's tags; empty for a role that is gone, or that no broker made."""
        try:
            pages = self._client().get_paginator("list_role_tags").paginate(RoleName=role)
            tags = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "NoSuchEntity":
                return ""
            raise translated(error, "reading whose role it is") from error
        return str(tags.get(DEPLOYMENT_TAG, "")) if tags.get(MANAGED_TAG) == "true" else ""
