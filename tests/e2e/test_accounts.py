"""Member accounts through the real door: joined, provisioned, issued, approved, revoked, and what must not work."""

from __future__ import annotations

import json
import subprocess
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import yaml
from botocore.exceptions import ClientError

from chalicelib.core.domain.roles import (
    SPOKE_ROLE,
    SPOKE_TEMPLATE,
    SPOKE_TEMPLATE_TAG,
    external_id,
    spoke_external_id,
)
from localaws import stack
from localaws.accounts import template
from localaws.accounts.event_bus import Buses
from localaws.accounts.members import Member
from localaws.broker import PROVISION_FUNCTION, SPOKE_STACK, running
from localaws.profiles import session_with
from localaws.roles import order
from localaws.trail_pump import carry
from policytool import spoke
from tests.e2e.alarm_watch import AlarmWatch
from tests.e2e.attacks_on_accounts import administrator, as_function, document, statement, trusting
from tests.e2e.auditing import acting, ask, audit, take, with_mfa
from tests.e2e.browsing import launched, portal_of
from tests.e2e.cli_person import at_a_terminal
from tests.e2e.member_callers import (
    IDENTITY_CENTER,
    PERMISSION_SET,
    as_deployed_by_default,
    operator_of,
    rule,
    session_of,
)
from tests.e2e.test_cleanup import Cleanup

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import boto3

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
RUNG = {"AccountsOutOfReach", "PruningFailures", "CleanupFailures"}
"""The metrics of the alarms that an account out of reach sets off."""

chromium = pytest.fixture(scope="module")(launched)


@pytest.fixture(scope="module")
def hub() -> Iterator[Broker]:
    """A broker of its own: member accounts change the registry that every other test would see."""
    with running(spokes=5, members_call=True) as deployed:
        for name in ("dev:ec2-full", "prod:ec2-full", "prod:other"):
            assert put(deployed, name, PRODUCTION if name == "prod:ec2-full" else ENGINEERS).status == 201
        yield deployed


def member(hub: Broker, alias: str) -> Member:
    return next(one for one in hub.members if one.alias == alias)


def put(hub: Broker, name: str, body: dict[str, Any], who: str = "admin", query: str = "") -> Answer:
    return ask(hub, who, "PUT", f"/v1/roles/{quote(name, safe='')}{query}", body)


def credentials(hub: Broker, role: str, who: str | boto3.Session = "alice") -> Answer:
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
    told = {put(hub, name, ENGINEERS, "alice").document["detail"] for name in ("dev:mine", "nosuch:mine")}
    assert len(told) == 1  # who may not provision there does not learn which aliases there are


def test_a_session_acts_in_the_account_and_revoking_it_leaves_another_accounts_alive(hub: Broker) -> None:
    dev_id, in_dev = take(hub, "alice", "dev:ec2-full")
    _, in_prod = take(hub, "alice", "prod:other")
    assert (allowed(in_dev), allowed(in_prod)) == (True, True)
    shown = ask(hub, "alice", "GET", f"/v1/sessions/{dev_id}").document
    assert shown["role_arn"] == f"arn:aws:iam::{member(hub, 'dev').id}:role/access-broker/ec2-full"
    assert ask(hub, "admin", "DELETE", f"/v1/sessions/{dev_id}?reason=drill").document["state"] == "revoked"
    assert (allowed(in_dev), allowed(in_prod)) == (False, True)
    told = ask(hub, "alice", "GET", f"/v1/sessions/{dev_id}/activity").document
    refusals = sorted((one["action"], one["error"]) for one in told["events"])
    assert refusals == [("DescribeInstances", ""), ("DescribeInstances", "UnauthorizedOperation")]
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


def test_roles_of_several_accounts_are_asked_for_at_once_decided_together_and_granted_one_by_one(hub: Broker) -> None:
    for alias in ("dev", "prod"):
        assert put(hub, f"{alias}:together", PRODUCTION).status == 201
    both = {"role": "dev:together", "also": ["prod:together"], "reason": "move"}
    filed = ask(hub, "alice", "POST", "/v1/requests", both).document
    assert ask(hub, with_mfa(hub, "bob"), "POST", f"/mfa/v1/requests/{filed['id']}/approve", {}).status == 200
    for alias in ("dev", "prod"):
        role = f"{member(hub, alias).id}:together"
        listed = ask(hub, "alice", "GET", f"/v1/requests?role={alias}%3Atogether&state=approved").document["requests"]
        assert [(one["role"], one["together"], one["grant"]["state"]) for one in listed] == [
            (role, filed["together"], "active")
        ]
        assert credentials(hub, f"{alias}:together").status == 201


def test_explain_names_the_accounts_own_layer(hub: Broker) -> None:
    asked = {"role": "dev:ec2-full", "operation": "ec2:RunInstances"}
    told = ask(hub, "alice", "POST", "/v1/explain", asked).document
    layer = account_layer(told)
    assert (told["allowed"], layer["verdict"], layer["by"]) == (True, "open", "joined")
    in_iam = {one["layer"]: one["verdict"] for one in told["layers"]}
    names = ("trust_policy", "role_policies", "permissions_boundary")
    assert [in_iam[name] for name in names] == ["open"] * len(names)
    told = ask(hub, "alice", "POST", "/v1/explain", {**asked, "operation": "s3:GetObject"}).document
    assert {one["layer"]: one["verdict"] for one in told["layers"]}["role_policies"] == "closed"


def test_explain_names_the_service_control_policy_that_denies_an_operation(hub: Broker) -> None:
    organizations = hub.session_for("admin").client("organizations")
    [unit] = organizations.list_parents(ChildId=member(hub, "prod").id)["Parents"]
    given = {"Name": "no-s3", "Description": "A test", "Type": "SERVICE_CONTROL_POLICY"}
    denied = document(statement("Deny", "s3:*", "*"))
    policy = organizations.create_policy(**given, Content=denied)["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId=unit["Id"])
    try:
        layers = {}
        for operation in ("s3:GetObject", "ec2:RunInstances"):
            asked = {"role": "prod:ec2-full", "operation": operation}
            told = ask(hub, "alice", "POST", "/v1/explain", asked).document["layers"]
            layers[operation] = next(one for one in told if one["layer"] == "service_control_policies")
    finally:
        organizations.detach_policy(PolicyId=policy, TargetId=unit["Id"])
    assert {operation: (one["verdict"], one["by"]) for operation, one in layers.items()} == {
        "s3:GetObject": ("closed", "no-s3, 1"),
        "ec2:RunInstances": ("open", "every level"),
    }


def test_the_api_functions_own_credentials_take_brokered_roles_with_their_external_id_and_nothing_else(
    hub: Broker,
) -> None:
    dev, ours = member(hub, "dev").id, spoke_external_id(stack.NAME, home(hub))
    sts = as_function(hub, hub.outputs["BrokerRoleArn"])
    other = f"arn:aws:iam::{dev}:role"
    for role in (SPOKE_ROLE, "OrganizationAccountAccessRole", "access-broker-workloads/app", "Administrator"):
        assert not taken(sts, f"{other}/{role}", ours)
    brokered = f"{other}/access-broker/ec2-full"
    assert not taken(sts, brokered, "")
    assert not taken(sts, brokered, WRONG)
    assert not taken(sts, brokered, external_id(stack.NAME, f"arn:aws:iam::{member(hub, 'prod').id}:role/x"))
    assert taken(sts, brokered, external_id(stack.NAME, brokered))
    assert not taken(sts, hub.outputs["ProvisionRoleArn"], ours)


def test_the_spoke_role_lets_in_the_provision_function_with_its_external_id_and_no_other(hub: Broker) -> None:
    spoke_role = f"arn:aws:iam::{member(hub, 'dev').id}:role/{SPOKE_ROLE}"
    ours = spoke_external_id(stack.NAME, home(hub))
    sts = as_function(hub, hub.outputs["ProvisionRoleArn"])
    assert [taken(sts, spoke_role, given) for given in (ours, "", WRONG)] == [True, False, False]
    assert not taken(sts, f"arn:aws:iam::{member(hub, 'dev').id}:role/access-broker/ec2-full", ours)
    for who in ("admin", "alice"):
        assert not taken(hub.session_for(who).client("sts"), spoke_role, ours)


def test_an_administrator_of_a_member_account_gets_nothing_elsewhere(hub: Broker) -> None:
    """All of IAM but the broker's path: namesakes, the spoke role rewritten, forged events, the API's door."""
    dev, prod = member(hub, "dev"), member(hub, "prod")
    mallory = administrator(hub, dev)
    iam: Any = mallory.client("iam", endpoint_url=hub.endpoint_url)
    own_sts = mallory.client("sts", endpoint_url=hub.endpoint_url)
    me = own_sts.get_caller_identity()["Arn"]
    hub_role, theirs = hub.outputs["BrokerRoleArn"], f"arn:aws:iam::{dev.id}:role/namesake"
    for path in ("/access-broker/", "/"):
        made = {"RoleName": "namesake", "Path": path, "AssumeRolePolicyDocument": trusting(hub_role)}
        if path == "/":
            iam.create_role(**made)
            continue
        with pytest.raises(ClientError, match="AccessDenied"):
            iam.create_role(**made)
    assert credentials(hub, "dev:namesake").status == 404
    assert put(hub, "dev:namesake", ENGINEERS).document["code"] == "conflict"
    assert not taken(as_function(hub, hub_role), theirs, external_id(stack.NAME, theirs))
    with pytest.raises(ClientError, match="AccessDenied"):
        iam.update_assume_role_policy(RoleName="ec2-full", PolicyDocument=trusting(me))

    iam.update_assume_role_policy(RoleName=SPOKE_ROLE, PolicyDocument=trusting(me))
    wide = {"PolicyName": "wide", "PolicyDocument": document(statement("Allow", "*", "*"))}
    iam.put_role_policy(RoleName=SPOKE_ROLE, **wide)
    keys = own_sts.assume_role(RoleArn=f"arn:aws:iam::{dev.id}:role/{SPOKE_ROLE}", RoleSessionName="mallory")[
        "Credentials"
    ]
    as_spoke = session_with(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region=hub.region)
    there, ours = as_spoke.client("sts", endpoint_url=hub.endpoint_url), spoke_external_id(stack.NAME, home(hub))
    for account in (prod.id, home(hub)):
        for role in (SPOKE_ROLE, "access-broker/ec2-full", "access-broker/other"):
            arn = f"arn:aws:iam::{account}:role/{role}"
            assert not taken(there, arn, ours)
            assert not taken(there, arn, external_id(stack.NAME, arn))
    assert not taken(there, hub_role, ours)
    for session, refused in ((mallory, 403), (as_spoke, 404)):  # a role session may call, and sees no role
        assert ask(hub, session, "GET", "/v1/accounts").status == 403
        assert credentials(hub, "prod:other", session).status == refused
        assert not forged(session.client("events", endpoint_url=hub.endpoint_url), prod)
    iam.delete_role_policy(RoleName=SPOKE_ROLE, PolicyName="wide")
    join(hub, dev, WRONG)  # another parameter, so that the stack writes the trust anew
    join(hub, dev, ours)
    assert credentials(hub, "prod:other").status == 201


def test_an_account_outside_the_registry_is_refused_whatever_is_asked_of_it(hub: Broker) -> None:
    """It belongs to the organisation, and has a role that trusts the broker with the right external id."""
    stranger = Member("555555555555", "stranger", "/", {})
    arn = f"arn:aws:iam::{stranger.id}:role/access-broker/ec2-full"
    condition = {"StringEquals": {"sts:ExternalId": external_id(stack.NAME, arn)}}
    stranger.root(hub.endpoint_url)("iam").create_role(
        RoleName="ec2-full",
        Path="/access-broker/",
        AssumeRolePolicyDocument=trusting(hub.outputs["BrokerRoleArn"], **condition),
    )
    name = f"{stranger.id}:ec2-full"
    assert put(hub, name, ENGINEERS).status == 404
    assert credentials(hub, name).status == 404
    assert ask(hub, "alice", "POST", "/v1/requests", {"role": name, "reason": "mine"}).status == 404
    assert ask(hub, "alice", "POST", "/v1/console-links", {"role": name, "reason": "mine"}).status == 404
    refused = order(
        hub.session_for("admin").client("lambda"), PROVISION_FUNCTION, {"action": "delete_role", "name": name}
    )
    assert refused["error"]["code"] == "not_found"


def test_a_role_session_of_a_member_gets_what_a_rule_gives_it_and_is_out_when_it_is_taken_back(hub: Broker) -> None:
    dev, prod = member(hub, "dev").id, member(hub, "prod").id
    release = session_of(hub, dev, "release")
    assert credentials(hub, "prod:other", release).status == 404  # no shipped rule speaks of it
    text = f"""@id("releases") permit (principal in Broker::Group::"{dev}:release",
      action == Broker::Action::"TakeCredentials", resource in Broker::Account::"{prod}");"""
    with rule(hub, text):
        given = credentials(hub, "prod:other", release)
        assert given.status == 201, given
        ec2 = acting(hub, given.document["credentials"])
        assert allowed(ec2)
        namesakes = [session_of(hub, account, "release") for account in (prod, home(hub))]
        assert [credentials(hub, "prod:other", one).status for one in namesakes] == [404, 403]
        issued = audit(hub, f"type=issue&caller={dev}%3Arelease%2Fbuild-7", len)[0]
        assert (issued["caller"]["arn"].split(":")[4], issued["decision"]["caller"]["home"]["alias"]) == (dev, "dev")
        body = {"caller": f"{dev}:release/build-7", "reason": "leak"}
        revoked = ask(hub, "admin", "POST", "/v1/revocations", body).document["revocation"]
        assert (revoked["sessions"], allowed(ec2)) == ([given.document["session"]["id"]], False)
        suspended = ask(hub, "admin", "POST", "/v1/suspensions", {"caller": f"{dev}:release", "reason": "leak"})
        assert suspended.status == 201, suspended
        assert credentials(hub, "prod:other", release).status == 403
        [suspension] = suspended.document["suspensions"]
        assert ask(hub, "admin", "DELETE", f"/v1/suspensions/{suspension['id']}").status == 200
        assert credentials(hub, "prod:other", release).status == 201


def test_the_gateway_lets_in_members_alone_whose_own_policies_allow_it_and_by_default_none(hub: Broker) -> None:
    dev, outside = member(hub, "dev").id, "555555555555"
    release = session_of(hub, dev, "release")
    refused = [
        session_of(hub, dev, "not-allowed-to-call", may_call=False),
        session_of(hub, outside, "release"),
        operator_of(hub, outside),
    ]
    assert [by_the_gateway(hub, one) for one in refused] == [True, True, True]
    assert by_the_gateway(hub, release, "/mfa/v1/whoami")
    assert ask(hub, release, "GET", "/v1/whoami").document["name"] == f"{dev}:release/build-7"
    with as_deployed_by_default(hub):
        assert by_the_gateway(hub, release)
        assert ask(hub, "alice", "GET", "/v1/whoami").status == 200
    assert ask(hub, release, "GET", "/v1/whoami").status == 200


def test_the_broker_says_why_it_refuses_a_member_and_persons_are_proven_by_the_path_of_their_role(hub: Broker) -> None:
    dev, prod = member(hub, "dev").id, member(hub, "prod").id
    organizations = hub.session_for("admin").client("organizations")
    made = organizations.create_account(AccountName="unlisted", Email="unlisted@example.com")["CreateAccountStatus"]
    for who, why in (
        (operator_of(hub, dev), "IAM users of account"),
        (session_of(hub, made["AccountId"], "release"), "registry"),
    ):
        answer = ask(hub, who, "GET", "/v1/whoami")
        assert (answer.status, answer.document["code"], why in answer.document["detail"]) == (403, "not_allowed", True)
    person = ask(hub, session_of(hub, dev, PERMISSION_SET, "ann", IDENTITY_CENTER), "GET", "/v1/whoami").document
    assert (person["name"], person["groups"]) == (f"{dev}:sso/ann", [f"{dev}:sso/Releasers"])
    posing = ask(hub, session_of(hub, prod, PERMISSION_SET, "ann"), "GET", "/v1/whoami").document
    assert (posing["name"], posing["groups"]) == (f"{prod}:{PERMISSION_SET}/ann", [f"{prod}:{PERMISSION_SET}"])
    provision(hub, "sync_accounts")
    organizations.close_account(AccountId=made["AccountId"])
    assert ask(hub, session_of(hub, made["AccountId"], "release"), "GET", "/v1/whoami").status == 403


def by_the_gateway(hub: Broker, who: boto3.Session, path: str = "/v1/whoami") -> bool:
    """True if API Gateway refuses: the broker's own refusals have a code."""
    answer = ask(hub, who, "GET", path)
    return answer.status == 403 and "code" not in answer.document


def taken(sts: Any, role: str, given: str) -> bool:
    """True if AssumeRole succeeds with this external id, as the broker calls it."""
    terms: dict[str, Any] = {"ExternalId": given} if given else {}
    if "/access-broker/" in role:
        terms |= {"SourceIdentity": "alice", "Tags": [{"Key": "access-broker:session", "Value": "probe"}]}
    try:
        sts.assume_role(RoleArn=role, RoleSessionName="alice-probe", **terms)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied"  # noqa: PT017  else the test is broken
        return False
    return True


def forged(events: Any, account: Member) -> bool:
    """True if the hub's bus takes an AssumeRole that did not happen."""
    role = f"arn:aws:iam::{account.id}:role/access-broker/other"
    detail = {"eventName": "AssumeRole", "requestParameters": {"roleArn": role}, "recipientAccountId": account.id}
    entry = {
        "Source": "aws.sts",
        "DetailType": "AWS API Call via CloudTrail",
        "Detail": json.dumps(detail),
        "EventBusName": "arn:aws:events:us-east-1:000000000000:event-bus/default",
    }
    try:
        [answer] = events.put_events(Entries=[entry])["Entries"]
    except ClientError:
        return False
    return "ErrorCode" not in answer


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
    assert ask(hub, "alice", "GET", f"/v1/sessions/{session}").document["state"] == "active"
    assert role in provision(hub, "prune_revocations")["changed"]
    assert allowed(ec2) is False
    assert ask(hub, "alice", "GET", f"/v1/sessions/{session}").document["state"] == "revoked"
    assert credentials(hub, "dev:ec2-full").status == 201


def test_the_portal_names_an_account_out_of_reach_and_says_that_a_session_there_could_not_be_ended(
    hub: Broker, chromium: Any, tmp_path: Path
) -> None:
    dev = member(hub, "dev")
    session, _ = take(hub, "alice", "dev:ec2-full")
    join(hub, dev, WRONG)
    forget_sessions(hub)
    assert provision(hub, "sync_accounts")["out_of_reach"] == [dev.id]
    try:
        with portal_of(chromium, at_a_terminal(hub, "admin", tmp_path)) as admin:
            admin.sees("What I have")
            admin.go("/people")
            admin.sees("Out of reach: dev.")
            rows = admin.page.get_by_role("table", name="Accounts").get_by_role("row")
            assert rows.filter(has_text=dev.id).get_by_text("unreachable").count() == 1
            assert rows.filter(has_text=member(hub, "prod").id).get_by_text("joined").count() == 1
            admin.go(f"/sessions/{session}")
            admin.press("End access")
            admin.press("End it now")
            admin.page.get_by_role("dialog").get_by_role("alert").filter(has_text=dev.id).wait_for()
    finally:
        join(hub, dev, spoke_external_id(stack.NAME, home(hub)))
        assert provision(hub, "sync_accounts")["out_of_reach"] == []


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


def test_one_of_five_accounts_out_of_reach_is_named_by_every_command_and_finished_when_it_is_back(
    hub: Broker, tmp_path: Path
) -> None:
    """Apply, revoke, a caller's revocation and clean-up: the outcome of each account, the alarms, the completion."""
    out, others = member(hub, "spoke-3"), [one for one in hub.members if one.alias != "spoke-3"]
    admin, cleanup = at_a_terminal(hub, "admin", tmp_path), Cleanup(hub)
    template = admin.home / "five.yaml"
    tags = {"access-broker:audience": "engineers", "access-broker:stale-after": "1d"}
    whole = {"name": "five", "accounts": ["*"], "managed_policies": ["AmazonEC2FullAccess"], "tags": tags}
    template.write_text(yaml.safe_dump(whole))
    assert admin.broker("roles", "apply", str(template)).returncode == 0
    taken = {one.id: take(hub, "alice", f"{one.id}:five") for one in hub.members}
    alarms, gone = AlarmWatch(hub), time.time()
    join(hub, out, WRONG)
    forget_sessions(hub)

    template.write_text(yaml.safe_dump({**whole, "description": "Changed"}))
    applied = admin.broker("roles", "apply", str(template))
    assert (applied.returncode, f"1 of 5 templates failed: {out.id}:five" in applied.stderr) == (5, True)
    assert "4 of 4 roles changed." in applied.stdout
    late = ask(hub, "admin", "DELETE", f"/v1/sessions/{taken[out.id][0]}?reason=leak")
    assert (late.status, out.id in late.document["detail"]) == (503, True)
    everywhere = ask(hub, "admin", "POST", "/v1/revocations", {"caller": "alice", "reason": "leak"})
    assert (everywhere.status, out.id in everywhere.document["detail"]) == (503, True)
    assert {number for number, (_, ec2) in taken.items() if allowed(ec2)} == {out.id}
    cleanup.configure(CLOCK_AHEAD="40d")
    changed, failed = cleaned(cleanup)
    assert (changed, [one["account"] for one in failed]) == ({f"{one.id}:five": "reported" for one in others}, [out.id])
    assert provision(hub, "sync_accounts")["out_of_reach"] == [out.id]
    assert provision(hub, "prune_revocations")["failed"] == [f"{out.id}:five"]
    examined = {one["account"]: one for one in provision(hub, "examine_accounts")["accounts"]}
    assert {number: one["refused"] for number, one in examined.items() if one["refused"]} == {out.id: "AccessDenied"}
    assert alarms.told() >= RUNG
    assert alarms.ringing("provision", "cleanup", since=gone) == RUNG

    join(hub, out, spoke_external_id(stack.NAME, home(hub)))
    assert provision(hub, "sync_accounts")["out_of_reach"] == []
    assert f"{out.id}:five" in provision(hub, "prune_revocations")["changed"]
    assert allowed(taken[out.id][1]) is False
    again = admin.broker("roles", "apply", str(template))
    assert (again.returncode, "1 of 5 roles changed." in again.stdout) == (0, True)
    unlisted_role(hub, others[0], f"{out.id}:five")
    assert cleaned(cleanup) == ({f"{out.id}:five": "reported"}, [])
    assert f"{others[0].id}:unlisted" in {one["role"] for one in cleanup.run()["result"]["drift"]}
    back = time.time()
    provision(hub, "sync_accounts"), provision(hub, "prune_revocations"), cleanup.run()
    assert alarms.ringing("provision", "cleanup", since=back) == set()
    cleanup.as_found()


def test_the_doctor_sees_a_boundary_that_an_account_changed_and_a_template_of_another_version(hub: Broker) -> None:
    dev = member(hub, "dev")
    iam = dev.root(hub.endpoint_url)("iam")
    [boundary] = [
        one for one in iam.list_policies(Scope="Local")["Policies"] if one["PolicyName"].endswith("-boundary")
    ]
    before = {one["account"]: (one["wrong"], one["template"]) for one in provision(hub, "examine_accounts")["accounts"]}
    assert before == {one.id: ({}, SPOKE_TEMPLATE) for one in hub.members}
    arn, opened = boundary["Arn"], document(statement("Allow", "*", "*"))
    closed = iam.get_policy_version(PolicyArn=arn, VersionId=boundary["DefaultVersionId"])["PolicyVersion"]["Document"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=opened, SetAsDefault=True)
    iam.tag_role(RoleName=SPOKE_ROLE, Tags=[{"Key": SPOKE_TEMPLATE_TAG, "Value": "1"}])
    found = {one["account"]: one for one in provision(hub, "examine_accounts")["accounts"]}[dev.id]
    assert (found["wrong"], found["template"]) == ({boundary["PolicyName"]: "another document"}, "1")
    seen = doctors(hub)
    assert {check for check, state in seen.items() if state not in {"ok", "not here"}} == {
        "accounts-have-boundaries",
        "accounts-have-the-template",
    }
    assert seen["accounts-let-the-broker-in"] == "ok"
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(closed), SetAsDefault=True)
    iam.tag_role(RoleName=SPOKE_ROLE, Tags=[{"Key": SPOKE_TEMPLATE_TAG, "Value": SPOKE_TEMPLATE}])
    found = {one["account"]: one for one in provision(hub, "examine_accounts")["accounts"]}[dev.id]
    assert (found["wrong"], found["template"]) == ({}, SPOKE_TEMPLATE)


def doctors(hub: Broker) -> dict[str, str]:
    """The state of every check of `broker doctor`."""
    command = ["broker", "doctor", "--json", "--profile", "admin", "--package", str(hub.directory / "package")]
    done = subprocess.run(command, env=hub.environ(), capture_output=True, text=True, check=False)
    return {one["name"]: one["state"] for one in json.loads(done.stdout)["checks"]}


def unlisted_role(hub: Broker, account: Member, like: str) -> None:
    """A role with our path, tags and boundary that the catalogue does not have, made by the account's administrator."""
    known = next(one for one in hub.members if one.id == like.partition(":")[0]).root(hub.endpoint_url)("iam")
    role = known.get_role(RoleName=like.partition(":")[2])["Role"]
    boundary = role["PermissionsBoundary"]["PermissionsBoundaryArn"].replace(like.partition(":")[0], account.id)
    account.root(hub.endpoint_url)("iam").create_role(
        RoleName="unlisted", Path=role["Path"], Tags=role["Tags"], PermissionsBoundary=boundary,
        AssumeRolePolicyDocument=json.dumps(role["AssumeRolePolicyDocument"]),
    )  # fmt: skip


def cleaned(cleanup: Cleanup) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """The changes of one run to the role `five`, by account, and its failures."""
    report = cleanup.run()["result"]
    changed = {role["name"]: role["change"] for role in report["roles"] if role["change"]}
    return {name: change for name, change in changed.items() if name.endswith(":five")}, report["failures"]


def forget_sessions(hub: Broker) -> None:
    """End the provision function's containers: a spoke session that one keeps lives for up to an hour."""
    client = hub.session_for("admin").client("lambda")
    was = client.get_function_configuration(FunctionName=PROVISION_FUNCTION)["Environment"]["Variables"]
    client.update_function_configuration(
        FunctionName=PROVISION_FUNCTION, Environment={"Variables": {**was, "AGAIN": "yes"}}
    )
