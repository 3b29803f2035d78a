"""Lambda: the expire function, which alone writes down what lapsed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import translated
from chalicelib.core.domain.errors import AwsUnavailable

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class ExpireFunction:
    """The port Lapses (Lambda API reference: Invoke, RequestResponse)."""

    def __init__(self, client: LambdaClient, function: str) -> None:
        self._lambda, self._function = client, function

    def run(self) -> tuple[int, int]:
        """How many requests and grants it found past their end."""
        try:
            answer = self._lambda.invoke(FunctionName=self._function, Payload=b"{}")
            document = json.loads(answer["Payload"].read())
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "asking the expire function") from error
        if "FunctionError" in answer:
            raise AwsUnavailable("The expire function stopped half-way; its schedule tries again.")
        return document["requests"], document["grants"]
