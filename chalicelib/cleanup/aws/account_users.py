"""The deployment's users in IAM's credential report, which lists passwords and keys of all users."""

from __future__ import annotations

import csv
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.cleanup.domain.users import KeyFacts, UserFacts
from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import translated
from chalicelib.core.domain.errors import AwsUnavailable
from chalicelib.core.domain.roles import ROLE_PATH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_iam import IAMClient

    from chalicelib.core.domain.times import Pause

TRIES = 8
"""Attempts to find the report ready, a second apart, while a caller waits."""

PATIENT_TRIES = 60
"""The same on the schedule: an account with many users has no report within seconds."""


class ReportedUsers:
    """IAM User Guide, "Getting credential reports". Ours: under the path, and in the provisioner's rows."""

    def __init__(self, iam: IAMClient, dynamodb: DynamoDBClient, table: str, pause: Pause) -> None:
        self._iam, self._dynamodb, self._table, self._pause = iam, dynamodb, table, pause

    def every(self, *, patient: bool) -> Iterator[UserFacts]:
        """All users of ours; AwsUnavailable if IAM still prepares the report after about a minute, or 8 seconds."""
        try:
            self._await(PATIENT_TRIES if patient else TRIES)
            ours = self._ours()
            lines = self._iam.get_credential_report()["Content"].decode().splitlines()
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "reading the credential report") from error
        return (_user(line) for line in csv.DictReader(lines) if _under_our_path(line) and line["user"] in ours)

    def _await(self, tries: int) -> None:
        for _ in range(tries):
            if self._iam.generate_credential_report()["State"] == "COMPLETE":
                return
            self._pause(1)
        raise AwsUnavailable("IAM is still preparing it; the next run reads it.")

    def _ours(self) -> set[str]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :users",
            ExpressionAttributeValues=rows.to_item({":users": "USER"}),
            ProjectionExpression="sk",
        )
        return {item["sk"]["S"] for page in pages for item in page["Items"]}


def _under_our_path(line: Mapping[str, str]) -> bool:
    return f":user{ROLE_PATH}" in line["arn"]


def _user(line: Mapping[str, str]) -> UserFacts:
    keys = (_key(line, number) for number in (1, 2) if line[f"access_key_{number}_active"] == "true")
    return UserFacts(
        name=line["user"],
        created_at=datetime.fromisoformat(line["user_creation_time"]),
        has_password=line["password_enabled"] == "true",  # noqa: S105  a column of the report
        signed_in_at=_instant(line["password_last_used"]),
        keys=tuple(keys),
        has_mfa=line["mfa_active"] == "true",
    )


def _key(line: Mapping[str, str], number: int) -> KeyFacts:
    made = _instant(line[f"access_key_{number}_last_rotated"]) or datetime.fromisoformat(line["user_creation_time"])
    return KeyFacts(number, made, _instant(line[f"access_key_{number}_last_used_date"]))


def _instant(text: str) -> datetime | None:
    """None for the report's words for nothing: N/A, no_information, not_supported."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
