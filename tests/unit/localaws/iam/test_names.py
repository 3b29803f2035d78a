"""Names, tags and policy documents have the limits on the embedded AWS that IAM sets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.unit.localaws.conftest import ACCOUNT, Account, allowing, document, refusal, trusting
from tests.unit.localaws.signing import Message, Signing, send, signed

if TYPE_CHECKING:
    from collections.abc import Callable

TRUST = document(trusting(ACCOUNT), trust=True)
POLICY = document(allowing("ec2:*"))


@pytest.fixture
def name() -> str:
    return f"alice-{uuid4().hex[:8]}"


@pytest.mark.parametrize(
    ("operation", "parameter", "more"),
    [
        ("create_user", "UserName", {}),
        ("create_role", "RoleName", {"AssumeRolePolicyDocument": TRUST}),
        ("create_group", "GroupName", {}),
        ("create_instance_profile", "InstanceProfileName", {}),
        ("create_policy", "PolicyName", {"PolicyDocument": POLICY}),
    ],
)
def test_a_name_is_taken_whatever_its_letter_case(
    account: Account, name: str, operation: str, parameter: str, more: dict[str, Any]
) -> None:
    iam = account.client("iam")
    getattr(iam, operation)(**{parameter: name}, **more)
    for other in (name, name.upper(), name.capitalize()):
        for path in ("/", "/access-broker/"):
            asked = {parameter: other, "Path": path, **more}
            assert refusal(iam, operation, **asked)[0] == "EntityAlreadyExists", asked


def tags(count: int, prefix: str = "key") -> list[dict[str, str]]:
    return [{"Key": f"{prefix}{number}", "Value": "x"} for number in range(count)]


@pytest.fixture(params=["User", "Role"])
def tagged(request: pytest.FixtureRequest, account: Account, name: str) -> Callable[..., Any]:
    """Creates a user or a role with these tags, and answers what tags it further."""
    iam, kind = account.client("iam"), request.param
    trust = {"AssumeRolePolicyDocument": TRUST} if kind == "Role" else {}

    def create(**more: Any) -> tuple[Any, str, dict[str, str]]:
        named = {f"{kind}Name": name}
        getattr(iam, f"create_{kind.lower()}")(**named, **trust, **more)
        return iam, f"tag_{kind.lower()}", named

    return create


def test_fifty_tags_at_most(tagged: Callable[..., Any]) -> None:
    iam, tag, named = tagged(Tags=tags(49))
    assert refusal(iam, tag, **named, Tags=tags(2, "new"))[0] == "LimitExceeded"
    getattr(iam, tag)(**named, Tags=[{"Key": "KEY0", "Value": "same key"}])
    getattr(iam, tag)(**named, Tags=tags(1, "new"))
    assert refusal(iam, tag, **named, Tags=tags(1, "more"))[0] == "LimitExceeded"


def test_one_request_has_fifty_tags_at_most(tagged: Callable[..., Any]) -> None:
    iam, tag, named = tagged(Tags=tags(50))
    assert refusal(iam, tag, **named, Tags=tags(51))[0] == "ValidationError"


def test_a_user_is_not_created_with_51_tags(account: Account, name: str) -> None:
    iam = account.client("iam")
    assert refusal(iam, "create_user", UserName=name, Tags=tags(51))[0] == "ValidationError"
    assert refusal(iam, "get_user", UserName=name)[0] == "NoSuchEntity"


@pytest.mark.parametrize("character", ["\u0100", "\u202e", "\u2028", "\x1b", "鍵"])
def test_a_policy_document_has_characters_up_to_u00ff(account: Account, name: str, character: str) -> None:
    iam, role = account.client("iam"), account.role(trusting(ACCOUNT)).rsplit("/", 1)[-1]
    wrong = json.dumps(json.loads(document(allowing("ec2:*", Resource=f"arn:{character}"))), ensure_ascii=False)
    put = {"RoleName": role, "PolicyName": "one"}
    for operation, asked in (
        ("put_role_policy", {**put, "PolicyDocument": wrong}),
        ("create_policy", {"PolicyName": name, "PolicyDocument": wrong}),
        ("update_assume_role_policy", {"RoleName": role, "PolicyDocument": wrong}),
        ("create_role", {"RoleName": name, "AssumeRolePolicyDocument": wrong}),
    ):
        if character != "\x1b":  # JSON itself escapes it
            assert refusal(iam, operation, **asked)[0] == "ValidationError", operation
        raw = {key: value.replace("\\u001b", character) for key, value in asked.items()}
        assert refusal(iam, operation, **raw)[0] == "ValidationError", operation
    escaped = wrong.encode("ascii", "backslashreplace").decode()
    iam.put_role_policy(**put, PolicyDocument=escaped.replace("ÿ", ""))
    iam.put_role_policy(**put, PolicyDocument=document(allowing("ec2:*", Resource="arn:\u00ff")))


def test_a_session_policy_has_characters_up_to_u00ff(account: Account) -> None:
    arn, keys = account.user()
    role, sts = account.role(trusting(arn)), account.client("sts", keys)
    asked = {"RoleArn": role, "RoleSessionName": "test"}
    wrong = json.dumps(json.loads(document(allowing("ec2:*", Resource="arn:\u0100"))), ensure_ascii=False)
    assert refusal(sts, "assume_role", **asked, Policy=wrong)[0] == "ValidationError"
    assert sts.assume_role(**asked, Policy=document(allowing("ec2:*")))


@pytest.mark.parametrize("service", ["iam", "sts"])
def test_iam_and_sts_do_not_speak_json(account: Account, service: str) -> None:
    """A role or an external id in a JSON body would be unknown to every policy."""
    _, keys = account.user(allowing("*"))
    target = {"iam": "IAMService.ListUsers", "sts": "AWSSecurityTokenServiceV20110615.GetCallerIdentity"}[service]
    headers = (("Host", "localhost"), ("Content-Type", "application/x-amz-json-1.1"), ("X-Amz-Target", target))
    signing = Signing.of(keys.get_credentials().get_frozen_credentials())  # type: ignore[union-attr]
    message = signed(Message("POST", "/", headers, b"{}"), Signing(signing.key, signing.secret, service=service))
    assert send(account.endpoint_url, message)[0] == 404
