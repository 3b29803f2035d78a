"""A policy document holds tabs, line ends and the characters from U+0020 to U+00FF.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html ("PolicyDocument")
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html ("Policy")

A JSON escape of another character is written in these, so it may stand.
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import re
from typing import Any

from ministack.services import iam

from localaws.parity.iam.guards import Refusal, put

ALLOWED = re.compile("[\t\n\r\u0020-\u00ff]*")
PARAMETERS = ("PolicyDocument", "AssumeRolePolicyDocument")
OPERATIONS = (
    "PutRolePolicy",
    "PutUserPolicy",
    "PutGroupPolicy",
    "CreatePolicy",
    "CreatePolicyVersion",
    "CreateRole",
    "UpdateAssumeRolePolicy",
)


def document(params: dict[str, Any]) -> Refusal | None:
    """ValidationError when the document holds another character."""
    sent = next((name for name in PARAMETERS if not ALLOWED.fullmatch(str(iam._p(params, name)))), None)
    return Refusal(400, "ValidationError", problem(sent)) if sent else None


def problem(parameter: str) -> str:
    """The message of AWS for a document with another character."""
    name = parameter[:1].lower() + parameter[1:]
    return f"The specified value for {name} is invalid. It must contain only printable ASCII characters."


def install() -> None:
    """Put the guard before the operations that store a policy."""
    put({document: OPERATIONS})
