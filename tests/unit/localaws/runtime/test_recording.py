"""CloudTrail on the embedded AWS tells who really called, what was refused, and only management events."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from localaws import mfa, totp
from tests.unit.localaws.conftest import ACCOUNT, Account, may, trusting

if TYPE_CHECKING:
    import boto3


def events(account: Account, attribute: str, value: str) -> list[dict[str, Any]]:
    """The recorded events, newest first, as CloudTrail's own JSON."""
    asked = [{"AttributeKey": attribute, "AttributeValue": value}]
    found = account.client("cloudtrail").lookup_events(LookupAttributes=asked)["Events"]
    return [json.loads(event["CloudTrailEvent"]) for event in found]


def stamped_session(account: Account, name: str) -> tuple[str, boto3.Session]:
    """A role, and a session of it called `name` that carries alice's source identity."""
    arn, keys = account.user()
    role = account.role(
        trusting(arn, "sts:AssumeRole", "sts:SetSourceIdentity"), path="/team/", allow=("ec2:DescribeInstances",)
    )
    return role, account.assumed(keys, role, RoleSessionName=name, SourceIdentity="alice")


def test_events_of_a_session_are_found_by_its_name_and_tell_role_and_source_identity(account: Account) -> None:
    role, session = stamped_session(account, "alice-01")
    account.client("ec2", session).describe_instances()
    [event] = events(account, "Username", "alice-01")
    assert (event["eventSource"], event["eventName"]) == ("ec2.amazonaws.com", "DescribeInstances")
    identity = event["userIdentity"]
    name = role.rsplit("/", 1)[-1]
    assert identity["type"] == "AssumedRole"
    assert identity["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/alice-01"
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == role
    assert identity["sessionContext"]["sourceIdentity"] == "alice"


def test_what_a_session_was_refused_is_recorded_with_the_error(account: Account) -> None:
    _, session = stamped_session(account, "alice-02")
    assert not may(account.client("iam", session), "list_users")
    [event] = events(account, "Username", "alice-02")
    assert (event["eventName"], event["errorCode"]) == ("ListUsers", "AccessDenied")
    assert "not authorized to perform: iam:ListUsers" in event["errorMessage"]


def test_an_assume_role_event_joins_the_session_to_who_asked_for_it(account: Account) -> None:
    _, session = stamped_session(account, "alice-03")
    issued = session.get_credentials()
    assert issued is not None
    assumed = [one for one in events(account, "EventName", "AssumeRole") if one["responseElements"]]
    [event] = [one for one in assumed if one["requestParameters"]["roleSessionName"] == "alice-03"]
    assert event["responseElements"]["credentials"]["accessKeyId"] == issued.access_key
    assert event["responseElements"]["sourceIdentity"] == "alice"
    assert event["userIdentity"]["type"] == "IAMUser"
    assert issued.secret_key not in json.dumps(event)
    assert str(issued.token) not in json.dumps(event)


def test_events_of_a_user_are_found_by_name_and_by_key(account: Account) -> None:
    arn, keys = account.user()
    account.client("sts", keys).get_caller_identity()
    name, credentials = arn.rsplit("/", 1)[-1], keys.get_credentials()
    assert credentials is not None
    [by_name] = events(account, "Username", name)
    [by_key] = events(account, "AccessKeyId", credentials.access_key)
    assert by_name == by_key
    assert by_name["userIdentity"]["arn"] == arn


def test_a_forged_signature_leaves_no_event_under_the_users_name(account: Account) -> None:
    arn, keys = account.user()
    credentials = keys.get_credentials()
    assert credentials is not None
    forged = account.client("sts", account.session(credentials.access_key, "wrong"))
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        forged.get_caller_identity()
    assert events(account, "Username", arn.rsplit("/", 1)[-1]) == []


def test_data_events_are_not_in_the_event_history(account: Account) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket="recorded")
    s3.put_object(Bucket="recorded", Key="one", Body=b"x")
    assert events(account, "EventName", "CreateBucket")  # more than one where the client repeats a slow call
    assert events(account, "EventName", "PutObject") == []


def test_the_second_factor_of_a_session_is_recorded(account: Account) -> None:
    arn, keys = account.user()
    name = arn.rsplit("/", 1)[-1]
    device = mfa.enable(account.client("iam"), name)
    code = totp.code(device.seed, totp.counter(time.time()))
    for proof in ({}, {"SerialNumber": device.serial, "TokenCode": code}):
        given = account.client("sts", keys).get_session_token(**proof)["Credentials"]
        own = account.session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        may(account.client("ec2", own), "describe_vpcs")
    described = [one for one in events(account, "Username", name) if one["eventName"] == "DescribeVpcs"]
    attributes = [one["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"] for one in described]
    assert sorted(attributes) == ["false", "true"]
