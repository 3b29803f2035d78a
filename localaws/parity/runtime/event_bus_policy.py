"""CloudFormation makes AWS::Events::EventBusPolicy: a statement that lets another account put events on a bus.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-eventbuspolicy.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

from typing import Any

from ministack.services import eventbridge
from ministack.services.cloudformation import provisioners

TYPE = "AWS::Events::EventBusPolicy"


def create(_logical_id: str, properties: dict[str, Any], _stack: str) -> tuple[str, dict[str, Any]]:
    """Put the statement into the policy of the bus; its id is the resource's."""
    sid, bus = properties["StatementId"], properties.get("EventBusName", "default")
    statement = properties.get("Statement") or {
        "Effect": "Allow",
        "Principal": _principal(properties["Principal"]),
        "Action": properties["Action"],
        **({"Condition": _condition(properties["Condition"])} if "Condition" in properties else {}),
    }
    delete(sid, properties)
    policy = eventbridge._event_bus_policies.setdefault(bus, {"Version": "2012-10-17", "Statement": []})
    policy["Statement"].append({**statement, "Sid": sid})
    return sid, {}


def delete(physical_id: str, properties: dict[str, Any]) -> None:
    """Take the statement out again."""
    policy = eventbridge._event_bus_policies.get(properties.get("EventBusName", "default"))
    if policy:
        policy["Statement"] = [one for one in policy["Statement"] if one["Sid"] != physical_id]


def update(_physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
    """Put the new statement in the old one's place."""
    delete(old["StatementId"], old)
    return create("", new, stack)


def _principal(account: str) -> Any:
    return "*" if account == "*" else {"AWS": f"arn:aws:iam::{account}:root"}


def _condition(given: dict[str, str]) -> dict[str, Any]:
    """`{Type, Key, Value}` as a policy writes it."""
    return {given["Type"]: {given["Key"]: given["Value"]}}


def install() -> None:
    """Let CloudFormation know the type."""
    provisioners._RESOURCE_HANDLERS[TYPE] = {"create": create, "update": update, "delete": delete}
