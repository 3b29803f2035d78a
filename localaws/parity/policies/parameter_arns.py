"""The parameters that an SSM request names, each by its own ARN.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core import iam_actions

from localaws.parity.policies.requests import operation, parameters, texts
from localaws.parity.policies.several_resources import arns
from localaws.parity.wrap import ArnQuestion, around

if TYPE_CHECKING:
    from collections.abc import Callable

NAMED_BY = {
    "GetParameters": "Names",
    "DeleteParameters": "Names",
    "GetParametersByPath": "Path",
    "GetParameter": "Name",
    "GetParameterHistory": "Name",
}


def resource_arn(original: Callable[..., str], *request: Any) -> str:
    """The ARN ministack builds, or those of the parameters that are named or lie at the path."""
    question = ArnQuestion(*request)
    named_by = NAMED_BY.get(operation(question)) if question.service == "ssm" else None
    if named_by is None:
        return original(*request)
    names = texts(parameters(question.body, question.params).get(named_by))
    return arns(_arn(name, question) for name in names)


def _arn(name: str, question: ArnQuestion) -> str:
    """The parameter without a version or label (`NAME:3`), and without a slash at the end of a path."""
    if name.startswith("arn:"):
        return ":".join(name.split(":")[:6])
    bare = name.partition(":")[0].strip("/")
    return f"arn:aws:ssm:{question.region}:{question.account}:parameter/{bare}"


def install() -> None:
    """Answer ministack's question for the resource of an SSM request."""
    around(iam_actions, "extract_resource_arn", resource_arn)
