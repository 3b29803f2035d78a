"""The change set of a deployment: made, shown, confirmed, executed."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, WaiterError

from lambda_package.failures import PackagingFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
NOTHING = ("didn't contain changes", "No updates are to be performed")
NEW = "REVIEW_IN_PROGRESS"
SOON, LATER = {"Delay": 2, "MaxAttempts": 150}, {"Delay": 5, "MaxAttempts": 720}


class Declined(Exception):
    """The deployer said no, or could not be asked."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The stack as it should become."""

    stack: str
    template_url: str
    known: frozenset[str]
    """The parameters of the template."""

    parameters: dict[str, str]
    tags: dict[str, str]
    role_arn: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A change set that can be executed."""

    stack: str
    name: str
    creates: bool


def pairs(given: Iterable[str]) -> dict[str, str]:
    """NAME=VALUE, each; raises PackagingFailed for anything else."""
    split = [one.partition("=") for one in given]
    if odd := [name for name, equals, _ in split if not (name and equals)]:
        raise PackagingFailed(f"write Name=value instead of {' '.join(odd)}")
    return {name: value for name, _, value in split}


def described(cloudformation: Any, stack: str) -> dict[str, Any] | None:
    """The stack as it is; None if there is none."""
    try:
        return dict(cloudformation.describe_stacks(StackName=stack)["Stacks"][0])
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return None


def make(cloudformation: Any, wanted: Wanted, before: dict[str, Any] | None) -> Made | None:
    """Make the change set; None if there is nothing to change. Raises PackagingFailed."""
    made = Made(wanted.stack, f"deploy-{time.time_ns()}", creates=not before or before["StackStatus"] == NEW)
    kept = _kept(before or {}, wanted)
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in wanted.parameters.items()]
    cloudformation.create_change_set(
        StackName=made.stack,
        ChangeSetName=made.name,
        ChangeSetType="CREATE" if made.creates else "UPDATE",
        TemplateURL=wanted.template_url,
        Capabilities=CAPABILITIES,
        Parameters=given + [{"ParameterKey": name, "UsePreviousValue": True} for name in kept],
        **({"Tags": [{"Key": name, "Value": value} for name, value in wanted.tags.items()]} if wanted.tags else {}),
        **({"RoleARN": wanted.role_arn} if wanted.role_arn else {}),
    )
    try:
        named = {"StackName": made.stack, "ChangeSetName": made.name}
        cloudformation.get_waiter("change_set_create_complete").wait(**named, WaiterConfig=SOON)
    except WaiterError as error:
        _expect_empty(cloudformation, made, error)
        return None
    return made


def _kept(before: dict[str, Any], wanted: Wanted) -> list[str]:
    """The parameters whose values stay: those of the stack that the template still has, and that are not given."""
    set_before = {one["ParameterKey"] for one in before.get("Parameters", [])}
    return sorted((set_before & wanted.known) - wanted.parameters.keys())


def _expect_empty(cloudformation: Any, made: Made, error: WaiterError) -> None:
    reason = str(error.last_response.get("StatusReason", error))
    discard(cloudformation, made)
    if not any(text in reason for text in NOTHING):
        raise PackagingFailed(f"CloudFormation made no change set: {reason}") from error
    sys.stdout.write(f"{made.stack}: nothing to change\n")


def confirm(cloudformation: Any, made: Made, *, yes: bool) -> None:
    """Show the changes, and ask unless `yes`. Raises Declined, and leaves no change set then."""
    sys.stdout.write(f"Changes of {made.stack}:\n" + "".join(f"  {line}\n" for line in lines(cloudformation, made)))
    sys.stdout.flush()
    if yes:
        return
    if not sys.stdin.isatty():
        discard(cloudformation, made)
        raise Declined("nothing was changed: say YES=1 to deploy without being asked")
    if input("Execute these changes? Type yes: ").strip().lower() != "yes":
        discard(cloudformation, made)
        raise Declined("nothing was changed")


def lines(cloudformation: Any, made: Made) -> Iterator[str]:
    """One line a change; replacements and removals of what exists come first, since they lose something."""
    pages = cloudformation.get_paginator("describe_change_set").paginate(StackName=made.stack, ChangeSetName=made.name)
    changes = [one["ResourceChange"] for page in pages for one in page["Changes"]]
    for one in sorted(changes, key=lambda one: (not _loses(one), one["Action"], one["LogicalResourceId"])):
        mark = "!!" if _loses(one) else "  "
        replaced = f" (replaced: {one['Replacement'].lower()})" if one["Action"] == "Modify" and _loses(one) else ""
        yield f"{mark} {one['Action']:<8}{one['LogicalResourceId']} {one['ResourceType']}{replaced}"


def _loses(change: dict[str, Any]) -> bool:
    return change["Action"] == "Remove" or change.get("Replacement") in {"True", "Conditional"}


def discard(cloudformation: Any, made: Made) -> None:
    """Delete the change set, and the empty stack that it would have created."""
    cloudformation.delete_change_set(StackName=made.stack, ChangeSetName=made.name)
    if made.creates:
        cloudformation.delete_stack(StackName=made.stack)


def execute(cloudformation: Any, made: Made) -> None:
    """Execute it and wait. Raises PackagingFailed with the first resource that failed."""
    cloudformation.execute_change_set(StackName=made.stack, ChangeSetName=made.name)
    waiter = cloudformation.get_waiter(f"stack_{'create' if made.creates else 'update'}_complete")
    try:
        waiter.wait(StackName=made.stack, WaiterConfig=LATER)
    except WaiterError as error:
        raise PackagingFailed(f"the deployment failed. {_first_failure(cloudformation, made.stack)}") from error


def _first_failure(cloudformation: Any, stack: str) -> str:
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    since = next((at for at, one in enumerate(events) if _begins(one, stack)), len(events))
    failed = [one for one in reversed(events[: since + 1]) if one["ResourceStatus"].endswith("FAILED")]
    told = [f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason', one['ResourceStatus'])}" for one in failed]
    return told[0] if told else "Read the stack's events."


def _begins(event: dict[str, Any], stack: str) -> bool:
    started = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}
    return event["LogicalResourceId"] == stack and event["ResourceStatus"] in started
