"""CloudFormation gives a role the permissions boundary that its template names.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import iam
from ministack.services.cloudformation import provisioners

if TYPE_CHECKING:
    from collections.abc import Callable

TYPE = "AWS::IAM::Role"


def bounded(make: Callable[..., Any]) -> Callable[..., Any]:
    """The handler, which then sets the boundary of the role that it made or changed."""

    def handle(*given: Any, **named: Any) -> Any:
        made = make(*given, **named)
        properties = next(one for one in reversed(given) if isinstance(one, dict))
        iam._roles[made[0]]["PermissionsBoundary"] = properties.get("PermissionsBoundary")
        return made

    return handle


def install() -> None:
    """Wrap ministack's handlers of the type."""
    handlers = provisioners._RESOURCE_HANDLERS[TYPE]
    provisioners._RESOURCE_HANDLERS[TYPE] = {
        **handlers,
        "create": bounded(handlers["create"]),
        "update": bounded(handlers["update"]),
    }
