"""Makes the template that a member account deploys: boundaries, guards, the spoke role, and the forwarding of events.

    python -m policytool.spoke FILE
    python -m policytool.spoke FILE --parameters DEPLOYMENT PROVISION_ROLE_ARN REGION

The second form also prints the parameters for one broker.
Nothing in it is written twice: boundaries and guards are the hub's
(.chalice/resources.json), the spoke role may do what the provision function
may do with roles (policies/lambda/provision.json), less what is outside the
broker's path.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from chalicelib.core.domain.roles import SPOKE_ROLE, SPOKE_TEMPLATE, SPOKE_TEMPLATE_TAG, spoke_external_id
from policytool.guard import POLICIES
from policytool.tiers import DEPLOYED, RESOURCES

Document = dict[str, Any]

ROLES = (
    "MakeRolesOnlyUnderThePathAndOnlyWithTheBoundary",
    "ChangeAndDeleteRolesOfThisDeploymentUnderThePath",
    "TagRolesThatAreNewOrOfThisDeployment",
    "NeverAttachWhatLetsARoleClimb",
)
"""The statements of the provision function that hold in a member account, by their Sids."""

READS = "ReadRolesToCompareThemWithTheirTemplates"
BROKERED = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/access-broker/*"}
SHARED = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/access-broker/*"}
ANY_ROLE = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*"}
RULE = "${Deployment}-forwarding"
PARAMETERS: Document = {
    "Deployment": {
        "Type": "String",
        "AllowedPattern": "access-broker[a-z0-9-]*",
        "MaxLength": 40,
        "Description": "Name of the broker's stack in the hub account",
    },
    "ProvisionRoleArn": {
        "Type": "String",
        "AllowedPattern": "arn:aws[a-z-]*:iam::[0-9]{12}:role/.+",
        "Description": "Output ProvisionRoleArn of the broker's stack: the only principal that may take the spoke role",
    },
    "ExternalId": {
        "Type": "String",
        "AllowedPattern": "[0-9a-f]{32}",
        "Description": "Ties the spoke role to one broker; make deploy-spokes works it out",
    },
    "BusArn": {
        "Type": "String",
        "AllowedPattern": "arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/default",
        "Description": "Event bus of the hub account, in the broker's region",
    },
}


def template() -> Document:
    """The CloudFormation template."""
    deployed = json.loads(RESOURCES.read_text())["Resources"]
    shared = {logical: renamed(deployed[logical]) for logical in DEPLOYED}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Joins this account to access-broker (docs/accounts.md). One stack, in the broker's region.",
        "Parameters": PARAMETERS,
        "Resources": {**shared, "Spoke": _spoke(), "Forwarding": _rule(), "ForwardingRole": _forwarding_role()},
        "Outputs": {
            "SpokeRoleArn": {"Value": {"Fn::GetAtt": ["Spoke", "Arn"]}},
            "BoundaryArn": {"Value": {"Ref": "Boundary"}},
        },
    }


def renamed(value: Any) -> Any:
    """The hub's resource for a member account: the deployment is a parameter there, not the name of the stack."""
    return json.loads(
        json.dumps(value)
        .replace("${AWS::StackName}", "${Deployment}")
        .replace('{"Ref": "AWS::StackName"}', '{"Ref": "Deployment"}')
    )


def spoke_policy() -> Document:
    """The spoke role's policy: roles under the broker's path, the boundaries there and their roles, taken names, calls.

    LookupEvents takes no resource. The provision function hands on the calls of brokered sessions alone.
    """
    known = {one["Sid"]: one for one in json.loads((POLICIES / "lambda" / "provision.json").read_text())["Statement"]}
    reads = {**known[READS], "Resource": BROKERED}
    taken = {"Sid": "TellWhetherANameIsTaken", "Effect": "Allow", "Action": "iam:GetRole", "Resource": ANY_ROLE}
    shared = {
        "Sid": "CompareTheBoundariesWithTheHubs",
        "Effect": "Allow",
        "Action": ["iam:GetPolicy", "iam:GetPolicyVersion"],
        "Resource": SHARED,
    }
    found = {
        "Sid": "FindRolesByTheirBoundary",
        "Effect": "Allow",
        "Action": "iam:ListEntitiesForPolicy",
        "Resource": SHARED,
    }
    calls = {"Sid": "LookUpWhatSessionsDid", "Effect": "Allow", "Action": "cloudtrail:LookupEvents", "Resource": "*"}
    of_roles = (known[sid] for sid in ROLES)
    return {"Version": "2012-10-17", "Statement": renamed([*of_roles, reads, taken, shared, found, calls])}


def _spoke() -> Document:
    trusted = {
        "Sid": "TheProvisionFunctionOfOneBroker",
        "Effect": "Allow",
        "Principal": {"AWS": {"Ref": "ProvisionRoleArn"}},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}},
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": SPOKE_ROLE,
            "Description": "Lets access-broker make and change roles under /access-broker/, and nothing else",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trusted]},
            "Policies": [{"PolicyName": "roles-under-the-path", "PolicyDocument": spoke_policy()}],
            "Tags": [{"Key": SPOKE_TEMPLATE_TAG, "Value": SPOKE_TEMPLATE}],
        },
    }


def _rule() -> Document:
    forwarding = json.loads((POLICIES.parent / ".chalice" / "bypass-forwarding.json").read_text())["Resources"]["Rule"]
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {
            **forwarding["Properties"],
            "Name": {"Fn::Sub": RULE},
            "Description": "Forwards AssumeRole calls for brokered roles of this account to the broker",
            "Targets": [
                {"Id": "broker", "Arn": {"Ref": "BusArn"}, "RoleArn": {"Fn::GetAtt": ["ForwardingRole", "Arn"]}}
            ],
        },
    }


def _forwarding_role() -> Document:
    source = {"Fn::Sub": f"arn:${{AWS::Partition}}:events:${{AWS::Region}}:${{AWS::AccountId}}:rule/{RULE}"}
    trusted = {
        "Sid": "ThisRuleAlone",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
            "ArnEquals": {"aws:SourceArn": source},
        },
    }
    put = {
        "Sid": "ToTheBusOfTheHub",
        "Effect": "Allow",
        "Action": "events:PutEvents",
        "Resource": {"Ref": "BusArn"},
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": "Lets the rule put events on the event bus of the hub account",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trusted]},
            "Policies": [{"PolicyName": "hand-on", "PolicyDocument": {"Version": "2012-10-17", "Statement": [put]}}],
        },
    }


def parameters(deployment: str, provision_role_arn: str, region: str) -> dict[str, str]:
    """The template's parameters for one broker."""
    _, partition, _, _, hub, *_ = provision_role_arn.split(":")
    return {
        "Deployment": deployment,
        "ProvisionRoleArn": provision_role_arn,
        "ExternalId": spoke_external_id(deployment, hub),
        "BusArn": f"arn:{partition}:events:{region}:{hub}:event-bus/default",
    }


def main() -> None:
    """Write the template, without white space: CloudFormation takes 51,200 bytes inline."""
    target, *of_broker = sys.argv[1:]
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    Path(target).write_text(json.dumps(template(), separators=(",", ":")) + "\n")
    if of_broker:
        given = parameters(*of_broker[1:]).items()
        print(json.dumps([{"ParameterKey": name, "ParameterValue": value} for name, value in given]))  # noqa: T201


if __name__ == "__main__":
    main()
