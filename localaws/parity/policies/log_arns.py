"""The resource of a CloudWatch Logs request ends in a stream: `…:log-group:NAME:log-stream:STREAM`.

So a policy needs `log-group:NAME:*`; without the star it allows nothing but tagging.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.core import iam_actions

from localaws.parity.wrap import ArnQuestion, around

if TYPE_CHECKING:
    from collections.abc import Callable

ON_THE_BARE_GROUP = frozenset({"TagResource", "UntagResource", "ListTagsForResource"})


def resource_arn(original: Callable[..., str], *request: Any) -> str:
    """The ARN ministack builds, completed for requests about a log group."""
    question, found = ArnQuestion(*request), original(*request)
    if question.service != "logs" or _operation(question) in ON_THE_BARE_GROUP:
        return found
    asked = json.loads(question.body or b"{}")
    group = _group(asked)
    if not group:
        return found
    bare = group if group.startswith("arn:") else f"arn:aws:logs:{question.region}:{question.account}:log-group:{group}"
    return f"{bare.removesuffix(':*')}:log-stream:{asked.get('logStreamName', '')}"


def _operation(question: ArnQuestion) -> str:
    return question.headers.get("x-amz-target", "").rsplit(".", 1)[-1]


def _group(request: dict[str, Any]) -> str:
    several: list[str] = request.get("logGroupNames") or request.get("logGroupIdentifiers") or [""]
    return str(request.get("logGroupName") or request.get("logGroupIdentifier") or several[0])


def tag_context(
    original: Callable[..., dict[str, Any]], action: str, body: bytes, arn: str, *scope: str
) -> dict[str, Any]:
    """The tags of the request and of the group, which ministack looks up by the bare ARN."""
    return original(action, body, arn.partition(":log-stream:")[0], *scope)


def install() -> None:
    """Answer ministack's question for the resource of a Logs request."""
    around(iam_actions, "extract_resource_arn", resource_arn)
    around(iam_actions, "logs_service_context", tag_context)
