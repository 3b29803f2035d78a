"""Messages move to a dead-letter queue only if it lets their queue use it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ministack.services import sqs

from localaws.parity.runtime.redrive_permission import sweep

TARGET = "arn:aws:sqs:us-east-1:000000000000:notices.fifo"
SOURCE = "arn:aws:sqs:us-east-1:000000000000:mine.fifo"
QUEUE = {
    "attributes": {
        "QueueArn": SOURCE,
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": TARGET, "maxReceiveCount": 1}),
    }
}


@pytest.mark.parametrize(
    ("allowed", "moves"),
    [
        (None, True),
        ({"redrivePermission": "allowAll"}, True),
        ({"redrivePermission": "denyAll"}, False),
        ({"redrivePermission": "byQueue", "sourceQueueArns": [SOURCE]}, True),
        ({"redrivePermission": "byQueue", "sourceQueueArns": [TARGET]}, False),
    ],
)
def test_the_target_decides(monkeypatch: pytest.MonkeyPatch, allowed: dict[str, Any] | None, *, moves: bool) -> None:
    attributes = {"RedriveAllowPolicy": json.dumps(allowed)} if allowed else {}
    monkeypatch.setattr(sqs, "_queue_by_arn", {TARGET: {"attributes": attributes}}.get)
    moved: list[dict[str, Any]] = []
    sweep(moved.append, QUEUE)
    assert bool(moved) == moves
