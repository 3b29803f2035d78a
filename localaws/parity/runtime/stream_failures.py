"""A batch of a stream is delivered again when its function reports a failure.

https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html

ministack honours `batchItemFailures` for queues only and would drop the rest of
a stream's batch. AWS redelivers from the first failed record on; here the whole
batch comes again. A function must accept that anyway: delivery is at least once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.services import lambda_svc

from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable


def execute(original: Callable[..., dict[str, Any]], function: dict[str, Any], event: Any) -> dict[str, Any]:
    """The function's result, turned into an error where it reports records of a stream as failed."""
    result = original(function, event)
    if result.get("error") or not _of_stream(event) or not _failures(result.get("body")):
        return result
    reported = {"errorType": "BatchItemFailures", "errorMessage": "the function reported records as failed"}
    return {**result, "error": True, "body": reported}


def _of_stream(event: Any) -> bool:
    records: list[dict[str, Any]] = event.get("Records") or [{}] if isinstance(event, dict) else [{}]
    return bool(records[0].get("eventSource") == "aws:dynamodb")


def _failures(body: Any) -> bool:
    answer = json.loads(body) if isinstance(body, str) and body.startswith("{") else body
    return isinstance(answer, dict) and bool(answer.get("batchItemFailures"))


def install() -> None:
    """Put it around every invocation of a function."""
    around(lambda_svc, "_execute_function", execute)
