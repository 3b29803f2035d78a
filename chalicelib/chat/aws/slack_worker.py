"""The chat function, invoked without waiting for it: Slack wants its answer within three seconds."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from chalicelib.chat.domain.visits import Visit


class LambdaWorker:
    """Invoke, InvocationType Event: Lambda queues it, and tries again by itself should the function fail."""

    def __init__(self, client: LambdaClient, function: str) -> None:
        self._lambda, self._function = client, function

    def hand_over(self, visit: Visit) -> None:
        """Return once the visit is queued."""
        payload = json.dumps(asdict(visit)).encode()
        try:
            self._lambda.invoke(FunctionName=self._function, InvocationType="Event", Payload=payload)
        except (ClientError, BotoCoreError) as error:
            raise translated(error, "handing over what was said in chat") from error
