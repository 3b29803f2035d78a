"""The inline policy on a brokered role that ends sessions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import error_code, translated
from chalicelib.core.domain.errors import NotFound
from chalicelib.sessions.domain.revocation_policy import POLICY_NAME, compact_length

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_iam import IAMClient


class IamRevocationPolicy:
    """PutRolePolicy and DeleteRolePolicy of one policy name, under the broker's path."""

    def __init__(self, client: IAMClient) -> None:
        self._iam = client

    def others(self, role: str) -> int:
        """Characters that the role's other inline policies take, as IAM counts them."""
        try:
            pages = self._iam.get_paginator("list_role_policies").paginate(RoleName=role)
            names = [name for page in pages for name in page["PolicyNames"] if name != POLICY_NAME]
            return sum(compact_length(self._read(role, name)) for name in names)
        except (ClientError, BotoCoreError) as error:
            raise _translated(error, role) from error

    def current(self, role: str) -> Mapping[str, Any] | None:
        """The policy that IAM has now, or None."""
        try:
            return self._read(role, POLICY_NAME)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "NoSuchEntity":
                return None
            raise _translated(error, role) from error

    def put(self, role: str, document: Mapping[str, Any]) -> None:
        """Replace the policy; NotFound if the role is gone."""
        try:
            self._iam.put_role_policy(
                RoleName=role, PolicyName=POLICY_NAME, PolicyDocument=json.dumps(document, separators=(",", ":"))
            )
        except (ClientError, BotoCoreError) as error:
            raise _translated(error, role) from error

    def remove(self, role: str) -> None:
        """Take the policy away; nothing to do where there is none, or no role."""
        try:
            self._iam.delete_role_policy(RoleName=role, PolicyName=POLICY_NAME)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) != "NoSuchEntity":
                raise _translated(error, role) from error

    def _read(self, role: str, name: str) -> dict[str, Any]:
        # botocore decodes the URL-encoded document (IAM GetRolePolicy).
        return cast("dict[str, Any]", self._iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])


def _translated(error: ClientError | BotoCoreError, role: str) -> Exception:
    if error_code(error) == "NoSuchEntity":
        return NotFound(f"AWS has no role {role}: it was deleted, and its sessions with it.")
    return translated(error, "to change the role's revocation policy")
