"""Member accounts through the real door: joined, provisioned, issued, approved, revoked, and what must not work."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from chalicelib.core.domain.roles import SPOKE_ROLE, spoke_external_id
from localaws import stack
from localaws.accounts import template
from localaws.accounts.event_bus import Buses
from localaws.broker import PROVISION_FUNCTION, SPOKE_STACK, running
from localaws.profiles import session_with
from localaws.roles import order
from localaws.trail_pump import carry
from policytool import spoke
from tests.e2e.auditing import acting, ask, audit, take, with_mfa

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localaws.accounts.members import Member
    from localaws.broker import Broker
    from tests.e2e.door import Answer

ENGINEERS = {
    "description": "Everything in EC2",
    "managed_policies": ["AmazonEC2FullAccess"],
    "tags": {"access-broker:audience": "engineers"},
}
PRODUCTION = {
    **ENGINEERS,
    "tags": {"access-broker:audience": "production"},
}
WRONG = "0" * 32


@pytest.fixture(scope="module")
def hub() -> Iterator[Broker]:
    """A broker of its own: member accounts change the registry that every other test would see."""
    with running(spokes=2) as deployed:
        for name in ("dev:ec2-full", "prod:ec2-full", "prod:other"):
            assert put(deployed, name, PRODUCTION if name == "prod:ec2-full" else ENGINEERS).status == 201
        yield deployed


def member(hub: Broker, alias: str) -> Member:
    return next(one for one in hub.members if one.alias == alias)


def put(hub: Broker, name: str, body: dict[str, Any], who: str = "admin", query: str = "") -> Answer:
    return ask(hub, who, "PUT", f"/v1/roles/{quote(name, safe='')}{query}", body)


def credentials(hub: Broker, role: str, who: str = "alice") -> Answer:
    return ask(hub, who, "POST", "/v1/credentials", {"role": role, "reason": "a test"})


def provision(hub: Broker, action: str, **more: Any) -> dict[str, Any]:
    done = order(hub.session_for("admin").client("lambda"), PROVISION_FUNCTION, {"action": action, **more})
    assert done["ok"], done
    result: dict[str, Any] = done["result"]
    return result


def allowed(ec2: Any) -> bool:
    try:
        ec2.describe_instances()
    except ClientError as error:
        assert error.response["Error"]["Code"] == "UnauthorizedOperation"  # noqa: PT017  else the test is broken
        return False
    return True


def join(hub: Broker, account: Member, external_id: str) -> None:
    """Deploy the member template again with this external id, and have the registry read."""
    given = spoke.parameters(stack.NAME, hub.outputs["ProvisionRoleArn"], hub.region)
    parameters = given | {"ExternalId": external_id}
    template.deploy(account, hub.endpoint_url, SPOKE_STACK, spoke.template(), parameters, log=hub.log)


def account_layer(told: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in told["layers"] if one["layer"] == "account")
    return found


def home(hub: Broker) -> str:
    return hub.outputs["ProvisionRoleArn"].split(":")[4]


def test_the_accounts_of_the_organisation_are_joined_and_shown_to_those_who_run_the_broker(hub: Broker) -> None:
    shown = {one["id"]: one for one in ask(hub, "admin", "GET", "/v1/accounts").document["accounts"]}
    dev = shown[member(hub, "dev").id]
    assert (dev["alias"], dev["state"], dev["ou_path"], dev["tags"]["env"]) == (
        "dev",
        "joined",
        "/Workloads/Dev",
        "dev",
    )
    assert shown[home(hub)]["state"] == "home"
    assert ask(hub, "alice", "GET", "/v1/accounts").document["code"] == "not_allowed"


def test_a_template_is_applied_in_an_account_by_alias_or_id_and_twice_changes_nothing(hub: Broker) -> None:
    by_id = f"{member(hub, 'dev').id}:ec2-full"
    for name in (by_id, "dev:ec2-full"):
        again = put(hub, name, ENGINEERS)
        assert (again.status, again.document["name"], again.document["changes"]) == (200, by_id, [])
    for unknown in ("nosuch:ec2-full", "999999999999:ec2-full"):
        assert put(hub, unknown, ENGINEERS).status == 404
    assert put(hub, "dev:mine", ENGINEERS, "alice").status == 403


def test_a_session_acts_in_the_account_and_revoking_it_leaves_another_accounts_alive(hub: Broker) -> None:
    dev_id, in_dev = take(hub, "alice", "dev:ec2-full")
    _, in_prod = take(hub, "alice", "prod:other")
    assert (allowed(in_dev), allowed(in_prod)) == (True, True)
    shown = ask(hub, "alice", "GET", f"/v1/sessions/{dev_id}").document
    assert shown["role_arn"] == f"arn:aws:iam::{member(hub, 'dev').id}:role/access-broker/ec2-full"
    assert ask(hub, "admin", "DELETE", f"/v1/sessions/{dev_id}?reason=drill").document["state"] == "revoked"
    assert (allowed(in_dev), allowed(in_prod)) == (False, True)
    everywhere = ask(hub, "admin", "POST", "/v1/revocations", {"caller": "alice", "reason": "drill"})
    assert everywhere.status < 300, everywhere
    assert allowed(in_prod) is False


def test_a_role_of_production_is_refused_until_another_person_approves(hub: Broker) -> None:
    assert credentials(hub, "prod:ec2-full").document["code"] == "approval_required"
    filed = ask(hub, "alice", "POST", "/v1/requests", {"role": "prod:ec2-full", "reason": "incident"})
    assert (filed.status, filed.document["role"]) == (201, f"{member(hub, 'prod').id}:ec2-full")
    approved = ask(hub, with_mfa(hub, "bob"), "POST", f"/mfa/v1/requests/{filed.document['id']}/approve", {})
    assert approved.document["state"] == "approved"
    given = credentials(hub, "prod:ec2-full")
    assert given.status == 201, given
    assert allowed(acting(hub, given.document["credentials"]))


def test_explain_names_the_accounts_own_layer(hub: Broker) -> None:
    told = ask(hub, "alice", "POST", "/v1/explain", {"role": "dev:ec2-full"}).document
    layer = account_layer(told)
    assert (told["allowed"], layer["verdict"], layer["by"]) == (True, "open", "joined")


def test_the_api_function_itself_cannot_take_the_spoke_role(hub: Broker) -> None:
    admin = hub.session_for("admin")
    iam, sts = admin.client("iam"), admin.client("sts")
    name = hub.outputs["BrokerRoleArn"].rpartition("/")[2]
    before = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    trust = {"Effect": "Allow", "Principal": {"AWS": sts.get_caller_identity()["Arn"]}, "Action": "sts:AssumeRole"}
    iam.update_assume_role_policy(
        RoleName=name, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    given = sts.assume_role(RoleArn=hub.outputs["BrokerRoleArn"], RoleSessionName="probe")["Credentials"]
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(before))
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    as_function = session_with(*keys, region=hub.region).client("sts", endpoint_url=hub.endpoint_url)
    dev = member(hub, "dev").id
    for role in (SPOKE_ROLE, "OrganizationAccountAccessRole", "access-broker-workloads/app"):
        with pytest.raises(ClientError, match="AccessDenied"):
            as_function.assume_role(
                RoleArn=f"arn:aws:iam::{dev}:role/{role}",
                RoleSessionName="probe",
                ExternalId=spoke_external_id(stack.NAME, home(hub)),
            )


def test_a_role_that_was_made_again_under_the_same_name_is_not_handed_out(hub: Broker) -> None:
    """An administrator of the member account deletes our role, and makes one of the same name and trust."""
    put(hub, "dev:replaced", ENGINEERS)
    iam = member(hub, "dev").root(hub.endpoint_url)("iam")
    role = iam.get_role(RoleName="replaced")["Role"]
    for policy in iam.list_attached_role_policies(RoleName="replaced")["AttachedPolicies"]:
        iam.detach_role_policy(RoleName="replaced", PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName="replaced")
    trust = json.dumps(role["AssumeRolePolicyDocument"])
    iam.create_role(RoleName="replaced", Path=role["Path"], AssumeRolePolicyDocument=trust)
    refused = credentials(hub, "dev:replaced")
    assert (refused.status, refused.document["aws_code"]) == (422, "RoleReplaced")
    assert "credentials" not in refused.document
    assert put(hub, "dev:replaced", ENGINEERS).document["code"] == "conflict"


def test_an_account_that_shuts_the_broker_out_is_named_and_nothing_is_issued_there_until_it_is_back(
    hub: Broker,
) -> None:
    """The external id is another one: revoking says that it did not reach the account, and reaches it later."""
    dev = member(hub, "dev")
    session, ec2 = take(hub, "alice", "dev:ec2-full")
    other, elsewhere = take(hub, "alice", "prod:other")
    join(hub, dev, WRONG)
    forget_sessions(hub)
    assert provision(hub, "sync_accounts")["out_of_reach"] == [dev.id]
    assert credentials(hub, "dev:ec2-full").document["code"] == "conflict"
    late = ask(hub, "admin", "DELETE", f"/v1/sessions/{session}?reason=leak")
    assert (late.status, dev.id in late.document["detail"]) == (503, True)
    assert allowed(ec2)
    assert ask(hub, "admin", "DELETE", f"/v1/sessions/{other}?reason=leak").document["state"] == "revoked"
    assert allowed(elsewhere) is False
    role = f"{dev.id}:ec2-full"
    assert role in provision(hub, "prune_revocations")["failed"]
    told = ask(hub, "alice", "POST", "/v1/explain", {"role": "dev:ec2-full"}).document
    assert (told["allowed"], account_layer(told)["verdict"]) == (False, "closed")
    join(hub, dev, spoke_external_id(stack.NAME, home(hub)))
    assert provision(hub, "sync_accounts")["out_of_reach"] == []
    assert role in provision(hub, "prune_revocations")["changed"]
    assert allowed(ec2) is False
    assert credentials(hub, "dev:ec2-full").status == 201


def test_an_assumption_in_a_member_account_past_the_broker_reaches_the_hubs_bypass_detection(hub: Broker) -> None:
    """The member's rule forwards it, the hub's bus admits the organisation, and the trail function judges it."""
    since = datetime.now(UTC) - timedelta(seconds=1)
    dev = member(hub, "dev")
    take(hub, "alice", "dev:ec2-full")
    root = dev.root(hub.endpoint_url)
    iam = root("iam")
    before = iam.get_role(RoleName="ec2-full")["Role"]["AssumeRolePolicyDocument"]
    iam.create_user(UserName="olga-of-dev")
    key = iam.create_access_key(UserName="olga-of-dev")["AccessKey"]
    role = f"arn:aws:iam::{dev.id}:role/access-broker/ec2-full"
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{dev.id}:user/olga-of-dev"},
        "Action": "sts:AssumeRole",
    }
    opened = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.update_assume_role_policy(RoleName="ec2-full", PolicyDocument=opened)
    sts = session_with(key["AccessKeyId"], key["SecretAccessKey"], region=hub.region).client(
        "sts", endpoint_url=hub.endpoint_url
    )
    sts.assume_role(RoleArn=role, RoleSessionName="olga-of-dev")
    iam.update_assume_role_policy(RoleName="ec2-full", PolicyDocument=json.dumps(before))
    admin = hub.session_for("admin")
    organization = admin.client("organizations").describe_organization()["Organization"]["Id"]
    arrived = carry(Buses({dev.id: root, home(hub): admin.client}, organization), since, [dev.id])
    assert {one.answer["verdict"] for one in arrived} == {"bypass", "not_ours"}
    recorded = audit(hub, f"type=bypass&role={dev.id}%3Aec2-full", len)
    assert recorded[0]["detail"]["role_arn"] == role


def forget_sessions(hub: Broker) -> None:
    """End the provision function's containers: a spoke session that one keeps lives for up to an hour."""
    client = hub.session_for("admin").client("lambda")
    was = client.get_function_configuration(FunctionName=PROVISION_FUNCTION)["Environment"]["Variables"]
    client.update_function_configuration(
        FunctionName=PROVISION_FUNCTION, Environment={"Variables": {**was, "AGAIN": "yes"}}
    )
