"""A queue says which queues may use it as their dead-letter queue: messages of others stay where they are.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html, RedriveAllowPolicy
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.services import sqs

from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable


def sweep(original: Callable[[dict[str, Any]], None], queue: dict[str, Any]) -> None:
    """Move messages that were received too often, if the dead-letter queue permits it."""
    given = json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
    target = sqs._queue_by_arn(given.get("deadLetterTargetArn", ""))
    if target is None or _permits(target, queue["attributes"].get("QueueArn", "")):
        original(queue)


def _permits(target: dict[str, Any], source: str) -> bool:
    policy = json.loads(target["attributes"].get("RedriveAllowPolicy") or "{}")
    permission = policy.get("redrivePermission", "allowAll")
    return permission == "allowAll" or (permission == "byQueue" and source in policy["sourceQueueArns"])


def install() -> None:
    """Judge before messages move."""
    around(sqs, "_dlq_sweep", sweep)
