"""The member template: what the spoke role trusts, what it carries, and that it stays in step with the hub."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from chalicelib.core.domain.roles import SPOKE_TEMPLATE
from policytool.spoke import parameters, renamed, spoke_policy, template
from policytool.tiers import DEPLOYED

HUB = json.loads(Path(".chalice/resources.json").read_text())["Resources"]
TEMPLATE = template()


def test_boundaries_and_guards_are_the_hubs_under_the_names_that_the_provisioner_attaches() -> None:
    for logical in DEPLOYED:
        mine, hubs = TEMPLATE["Resources"][logical]["Properties"], HUB[logical]["Properties"]
        assert mine["PolicyDocument"] == renamed(hubs["PolicyDocument"])
        name = hubs["ManagedPolicyName"]["Fn::Sub"].removeprefix("${AWS::StackName}")
        assert mine["ManagedPolicyName"] == {"Fn::Sub": f"${{Deployment}}{name}"}


def test_nothing_in_it_is_named_after_the_members_own_stack() -> None:
    assert "AWS::StackName" not in json.dumps(TEMPLATE)


def test_only_the_provision_function_of_one_broker_is_trusted_and_only_with_the_external_id() -> None:
    (trusted,) = TEMPLATE["Resources"]["Spoke"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"AWS": {"Ref": "ProvisionRoleArn"}}
    assert trusted["Action"] == "sts:AssumeRole"
    assert trusted["Condition"] == {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}}


def test_the_spoke_role_is_not_under_the_path_that_the_api_function_may_assume() -> None:
    spoke = TEMPLATE["Resources"]["Spoke"]["Properties"]
    assert (spoke["RoleName"], spoke.get("Path", "/")) == ("access-broker-spoke", "/")


def test_the_spoke_role_writes_under_the_brokers_path_only() -> None:
    for statement in spoke_policy()["Statement"]:
        listed = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        reads = all(action.startswith(("iam:Get", "iam:List", "cloudtrail:Lookup")) for action in listed)
        if statement["Effect"] == "Allow" and not reads:
            assert str(statement["Resource"]).endswith(":role/access-broker/*'}"), statement["Sid"]


def test_the_parameters_are_what_the_provision_function_sends() -> None:
    given = parameters("access-broker-prod", "arn:aws:iam::123456789012:role/access-broker-prod-x", "eu-west-1")
    assert given["BusArn"] == "arn:aws:events:eu-west-1:123456789012:event-bus/default"
    other = parameters("access-broker-dev", "arn:aws:iam::123456789012:role/access-broker-prod-x", "eu-west-1")
    assert len(given["ExternalId"]) == 32
    assert given["ExternalId"] != other["ExternalId"]


def test_the_template_fits_what_cloudformation_takes_inline() -> None:
    assert len(json.dumps(TEMPLATE, separators=(",", ":"))) < 51_200


def test_a_template_that_changed_has_another_version() -> None:
    """If this fails: raise SPOKE_TEMPLATE in core/domain/roles.py, and put the new digest here.

    Boundaries and guards are left out: `broker doctor` compares their documents.
    """
    own = {name: one for name, one in TEMPLATE["Resources"].items() if name not in DEPLOYED}
    text = json.dumps([TEMPLATE["Parameters"], own], sort_keys=True)
    assert (SPOKE_TEMPLATE, hashlib.sha256(text.encode()).hexdigest()[:16]) == ("4", "fcdd807673d00cde")
