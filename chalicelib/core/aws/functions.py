"""Lambda: functions of the broker, ordered and waited for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import botocore.config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import translated, with_settings
from chalicelib.core.domain import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_lambda import LambdaClient

WHILE_A_CALLER_WAITS = botocore.config.Config(
    connect_timeout=2,
    read_timeout=26,  # API Gateway gives up after 29 seconds
    retries={"total_max_attempts": 1},  # the order may be under way: repeating it is the caller's decision
)

CHANGING = "asking the provisioner; the change may be under way"
"""The `doing` of an OrderedFunction that makes changes for us."""

ERRORS: dict[str, type[errors.BrokerError]] = {
    kind.code: kind
    for kind in (
        errors.Refused,
        errors.NotFound,
        errors.Conflict,
        errors.TooManyRequests,
        errors.AuditUnavailable,
        errors.AwsUnavailable,
    )
}


def lambda_for_a_caller() -> LambdaClient:
    """A Lambda client that waits for an answer as long as a caller of the API can."""
    client: LambdaClient = with_settings("lambda", WHILE_A_CALLER_WAITS)
    return client


class OrderedFunction:
    """One of the broker's functions, the port Provisioner among them (Lambda API reference: Invoke, RequestResponse).

    `doing` says in an error what was asked of it, and what may be under way.
    """

    def __init__(self, client: LambdaClient, function: str, doing: str) -> None:
        self._lambda, self._function, self._doing = client, function, doing

    def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """The result of an order; its error raised again as what it was on the other side."""
        try:
            answer = self._lambda.invoke(FunctionName=self._function, Payload=json.dumps(order).encode())
            document = json.loads(answer["Payload"].read())
        except (ClientError, BotoCoreError) as error:
            raise translated(error, self._doing) from error
        if "FunctionError" in answer:
            raise errors.AwsUnavailable("The function stopped half-way. Repeat: it carries on where it stopped.")
        if not document["ok"]:
            raise _error(document["error"])
        result: dict[str, Any] = document["result"]
        return result


def _error(document: Mapping[str, Any]) -> errors.BrokerError:
    code, detail = document["code"], document["detail"]
    if code == errors.InvalidRequest.code:
        return errors.InvalidRequest(detail, document.get("fields"))
    if code == errors.RefusedByAws.code:
        return errors.RefusedByAws(detail, document.get("aws_code", ""))
    if code == errors.MfaRequired.code:
        refusal = errors.MfaRequired(detail)
        refusal.devices = tuple(document.get("devices", ()))
        return refusal
    error = ERRORS.get(code, errors.BrokerError)(detail)
    if isinstance(error, errors.AwsUnavailable):
        error.retry_after = document.get("retry_after", 0)
    return error
