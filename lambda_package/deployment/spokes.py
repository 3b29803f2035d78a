"""`make deploy-spokes`: the member template as a stack set, to every account of some organizational units.

CloudFormation user guide, "Working with StackSets", service-managed
permissions: accounts that join a unit later get their stack by themselves.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from lambda_package.failures import PackagingFailed
from policytool import spoke

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

UNDER_WAY = frozenset({"RUNNING", "STOPPING", "QUEUED"})
LOOK_EVERY_SECONDS = 5
MANAGED = {"PermissionModel": "SERVICE_MANAGED", "Capabilities": ["CAPABILITY_NAMED_IAM"]}
FOR_NEW_ACCOUNTS = {"AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False}}
EACH_ON_ITS_OWN = {"OperationPreferences": {"FailureTolerancePercentage": 100, "MaxConcurrentPercentage": 25}}
"""An account that fails does not keep the others back."""


def main(
    arguments: Sequence[str] | None = None,
    session: boto3.Session | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> int:
    """Make or update the stack set, and deploy it; 1 where an account failed."""
    options = _options(arguments)
    try:
        deploy(options, session or boto3.Session(), wait)
    except PackagingFailed as failure:
        sys.stderr.write(f"{failure}\n")
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"AWS refused: {error}\n")
    else:
        return 0
    return 1


def deploy(options: argparse.Namespace, session: boto3.Session, wait: Callable[[float], None]) -> None:
    """One deployment, in the region of the session, which is the broker's."""
    cloudformation = session.client("cloudformation")
    stack = f"access-broker-{options.stage}"
    role = options.provision_role or _provision_role(cloudformation, stack)
    given = spoke.parameters(stack, role, session.region_name).items()
    whole = {
        "TemplateBody": json.dumps(spoke.template(), separators=(",", ":")),
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in given],
        **MANAGED,
        **FOR_NEW_ACCOUNTS,
    }
    stack_set = StackSet(cloudformation, f"{stack}-spoke", options.call_as, wait)
    if stack_set.exists():
        stack_set.finish(stack_set.call("update_stack_set", **whole, **EACH_ON_ITS_OWN))
    else:
        stack_set.call("create_stack_set", **whole, Description="Joins accounts to access-broker")
    targets = {"DeploymentTargets": {"OrganizationalUnitIds": options.units}, "Regions": [session.region_name]}
    stack_set.finish(stack_set.call("create_stack_instances", **targets, **EACH_ON_ITS_OWN))


class StackSet:
    """One stack set. Operations follow one another: CloudFormation takes no second one while one is under way."""

    def __init__(self, client: Any, name: str, call_as: str, wait: Callable[[float], None]) -> None:
        self._cloudformation, self._wait = client, wait
        self._named = {"StackSetName": name, "CallAs": call_as}

    def call(self, operation: str, **asked: Any) -> dict[str, Any]:
        """The answer of an operation on this stack set."""
        answer: dict[str, Any] = getattr(self._cloudformation, operation)(**self._named, **asked)
        return answer

    def exists(self) -> bool:
        """True if it was made before."""
        try:
            self.call("describe_stack_set")
        except self._cloudformation.exceptions.StackSetNotFoundException:
            return False
        return True

    def finish(self, begun: dict[str, Any]) -> None:
        """Wait for an operation, and say what became of each account; PackagingFailed if one failed."""
        operation = {"OperationId": begun["OperationId"]}
        while (status := self._status(operation)) in UNDER_WAY:
            self._wait(LOOK_EVERY_SECONDS)
        pages = self._cloudformation.get_paginator("list_stack_set_operation_results")
        results = [one for page in pages.paginate(**self._named, **operation) for one in page["Summaries"]]
        failed = [one for one in results if one["Status"] != "SUCCEEDED"]
        for one in failed:
            sys.stderr.write(f"{one['Account']}: {one['Status']} {one.get('StatusReason', '')}\n")
        if failed or status != "SUCCEEDED":
            raise PackagingFailed(
                f"{self._named['StackSetName']}: {status}, {len(failed)} of {len(results)} accounts failed"
            )
        sys.stdout.write(f"{self._named['StackSetName']}: {len(results)} accounts\n")

    def _status(self, operation: dict[str, str]) -> str:
        return str(self.call("describe_stack_set_operation", **operation)["StackSetOperation"]["Status"])


def _provision_role(cloudformation: Any, stack: str) -> str:
    """The output of the broker's stack, where this is its account."""
    try:
        [found] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        raise PackagingFailed(f"{stack} is not in this account: say PROVISION_ROLE=arn:… (its output)") from error
    return str(next(one["OutputValue"] for one in found["Outputs"] if one["OutputKey"] == "ProvisionRoleArn"))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lambda_package.deployment.spokes", description=__doc__)
    parser.add_argument("units", nargs="+", metavar="OU", help="organizational units, ou-… or the root, r-…")
    parser.add_argument("--stage", default="dev")
    parser.add_argument("--provision-role", help="output ProvisionRoleArn, if the broker is in another account")
    parser.add_argument("--call-as", default="SELF", choices=("SELF", "DELEGATED_ADMIN"))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
