"""No queue but the broker's own may use one of the broker's as its dead-letter queue.

SQS asks the owner of the other queue for no permission on this one, so such a queue would put forged notices into
ours: a webhook's document, signed by the broker, with whatever an attacker wrote.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
"""

from __future__ import annotations

import json
from pathlib import Path

RESOURCES = json.loads(Path(".chalice/resources.json").read_text())["Resources"]
QUEUES = {name: one["Properties"] for name, one in RESOURCES.items() if one.get("Type") == "AWS::SQS::Queue"}


def arn(logical: str) -> str:
    name = QUEUES[logical]["QueueName"]["Fn::Sub"]
    return f"arn:${{AWS::Partition}}:sqs:${{AWS::Region}}:${{AWS::AccountId}}:{name}"


def sources(target: str) -> set[str]:
    """The broker's queues that have this one as their dead-letter queue."""
    policies = {name: one.get("RedrivePolicy", {}).get("deadLetterTargetArn") for name, one in QUEUES.items()}
    return {arn(name) for name, given in policies.items() if given == {"Fn::GetAtt": [target, "Arn"]}}


def test_only_our_own_queues_have_ours_as_their_dead_letter_queue() -> None:
    assert len(QUEUES) == 5
    for name, queue in QUEUES.items():
        allowed = queue["RedriveAllowPolicy"]
        if sources(name):
            assert allowed["redrivePermission"] == "byQueue"
            assert {one["Fn::Sub"] for one in allowed["sourceQueueArns"]} == sources(name)
        else:
            assert allowed == {"redrivePermission": "denyAll"}
