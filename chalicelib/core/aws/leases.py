"""Leases as rows of the table: conditional writes let one provisioner at a time change a thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import error_code, translated

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

TAKE = "attribute_not_exists(pk) OR lease_until < :now OR lease_holder = :holder"
"""The holder's own: botocore repeats a write whose answer was lost."""

STILL = "lease_holder = :holder"
DAY = 86400


class TableLeases:
    """Rows `LEASE#<thing> LEASE`. They carry no event: a lease changes nothing worth telling."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def take(self, thing: str, holder: str, now: datetime, until: datetime) -> bool:
        """True if `holder` has it until then: it was free, its own already, or the lease had run out."""
        values = {":now": {"N": _milliseconds(now)}, ":holder": {"S": holder}}
        return self._put(thing, holder, until, TAKE, values)

    def extend(self, thing: str, holder: str, until: datetime) -> bool:
        """True if it is still the holder's, now until then."""
        return self._put(thing, holder, until, STILL, {":holder": {"S": holder}})

    def release(self, thing: str, holder: str) -> None:
        """Give it up; nothing happens if another holder has it by now."""
        self._conditionally(
            self._dynamodb.delete_item,
            Key=_key(thing),
            ConditionExpression=STILL,
            ExpressionAttributeValues={":holder": {"S": holder}},
        )

    def _put(self, thing: str, holder: str, until: datetime, condition: str, values: dict[str, Any]) -> bool:
        item = {
            **_key(thing),
            "lease_holder": {"S": holder},
            "lease_until": {"N": _milliseconds(until)},
            "ttl": {"N": str(int(until.timestamp()) + DAY)},
        }
        return self._conditionally(
            self._dynamodb.put_item,
            Item=item,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
        )

    def _conditionally(self, operation: Any, **parameters: Any) -> bool:
        try:
            operation(TableName=self._table, **parameters)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "ConditionalCheckFailedException":
                return False
            raise translated(error, "leasing what is to be changed") from error
        return True


def _key(thing: str) -> dict[str, Any]:
    return rows.key(f"LEASE#{thing}", "LEASE")


def _milliseconds(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))
