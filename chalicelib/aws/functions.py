"""Lambda: the provision function, invoked and awaited."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import botocore.config
import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws.clients import translated
from chalicelib.domain import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENT = botocore.config.Config(
    connect_timeout=2,
    read_timeout=26,  # API Gateway gives up after 29 seconds
    retries={"total_max_attempts": 1},  # the order may be under way: repeating it is the caller's decision
)

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


def patient_client() -> Any:
    """A Lambda client that waits for an answer as long as the API may."""
    return botocore.session.get_session().create_client("lambda", config=PATIENT)


class LambdaProvisioner:
    """The port Provisioner (Lambda API reference: Invoke, RequestResponse)."""

    def __init__(self, client: Any, function: str) -> None:
        self._lambda, self._function = client, function

    def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """The result of an order; its error raised again as what it was on the other side."""
        try:
            answer = self._lambda.invoke(FunctionName=self._function, Payload=json.dumps(order).encode())
            document = json.loads(answer["Payload"].read())
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "asking the provisioner; the change may be under way") from error
        if "FunctionError" in answer:
            raise errors.AwsUnavailable("The provisioner stopped half-way. Repeat: it carries on where it stopped.")
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
    return ERRORS.get(code, errors.BrokerError)(detail)
