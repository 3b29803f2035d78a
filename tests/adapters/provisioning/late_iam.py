"""IAM that has not caught up with what was made a moment ago."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from chalicelib.core.aws.clients import client

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def as_iam(stub: object) -> IAMClient:
    """A stub of the client, for the type checker."""
    return cast("IAMClient", stub)


class Late:
    """moto's IAM, whose methods named fail the first times with NoSuchEntity, and which remembers what it was told."""

    code = "NoSuchEntity"

    def __init__(self, **times: int) -> None:
        self.iam, self.times, self.calls = client("iam"), times, list[tuple[str, dict[str, Any]]]()

    def __getattr__(self, name: str) -> Any:
        def call(**parameters: Any) -> Any:
            self.calls.append((name, parameters))
            self.times[name] = self.times.get(name, 0) - 1
            if self.times[name] >= 0:
                raise ClientError({"Error": {"Code": self.code, "Message": "cannot be found"}}, name)
            return getattr(self.iam, name)(**parameters)

        return getattr(self.iam, name) if name in {"get_paginator", "meta"} else call


class LateToAllow(Late):
    """The same with AccessDenied: a policy for a path does not match an entity that IAM does not show there yet."""

    code = "AccessDenied"
