"""One embedded AWS with the parity rules in place, shared by the tests of this folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localaws import emulator
from localaws.profiles import session_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3

ACCOUNT = "000000000000"
# What botocore would refuse before sending must reach the service to be refused there.
UNCHECKED = Config(parameter_validation=False, retries={"max_attempts": 1})


DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
ROOT_KEYS = ("test", "test")


@cache
def _root_client(service: Any, endpoint_url: str) -> Any:
    return Account(endpoint_url).client(service, Account(endpoint_url).session())


@dataclass(frozen=True, slots=True)
class Account:
    """The embedded account, with what the tests of its IAM need again and again."""

    endpoint_url: str

    def session(self, *keys: str) -> boto3.Session:
        return session_with(*(keys or ROOT_KEYS), region="us-east-1")

    def client(self, service: Any, session: boto3.Session | None = None) -> Any:
        if session is None:
            return _root_client(service, self.endpoint_url)
        return session.client(service, endpoint_url=self.endpoint_url, config=UNCHECKED)

    def user(
        self, *statements: dict[str, Any], path: str = "/", boundary: str | None = None
    ) -> tuple[str, boto3.Session]:
        """A new user with these statements as its only policy: its ARN and its own keys."""
        iam, name = self.client("iam"), f"user-{uuid4().hex[:8]}"
        limits = {"PermissionsBoundary": boundary} if boundary else {}
        arn = iam.create_user(UserName=name, Path=path, **limits)["User"]["Arn"]
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="test", PolicyDocument=document(*statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return arn, self.session(key["AccessKeyId"], key["SecretAccessKey"])

    def role(self, *trust: dict[str, Any], path: str = "/", allow: tuple[str, ...] = (), **more: Any) -> str:
        """A new role with this trust policy and these actions allowed on everything: its ARN."""
        iam, name = self.client("iam"), f"role-{uuid4().hex[:8]}"
        trusted = document(*trust, trust=True)
        arn = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trusted, **more)["Role"]["Arn"]
        if allow:
            policy = document(allowing(*allow))
            iam.put_role_policy(RoleName=name, PolicyName="test", PolicyDocument=policy)
        return str(arn)

    def assume(self, session: boto3.Session, role_arn: str, **more: Any) -> dict[str, Any]:
        asked = {"RoleArn": role_arn, "RoleSessionName": "test-session", **more}
        return dict(self.client("sts", session).assume_role(**asked))

    def assumed(self, session: boto3.Session, role_arn: str, **more: Any) -> boto3.Session:
        """The role session as a boto3 session."""
        issued = self.assume(session, role_arn, **more)["Credentials"]
        return self.session(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])


def document(*statements: dict[str, Any], trust: bool = False) -> str:
    rest = {} if trust else {"Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**rest, **one} for one in statements]})


def allowing(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), **more}


def denying(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), **more}


def trusting(principal: str, *actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": list(actions or ("sts:AssumeRole",)), **more}


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    directory = tmp_path_factory.mktemp("embedded-aws")
    running = emulator.start(emulator.free_port(), directory, directory / "aws.log", ends_with_us=True)
    try:
        yield Account(running.endpoint_url)
    finally:
        emulator.end(running)


def may(client: Any, operation: str, **asked: Any) -> bool:
    """True if IAM allows the call. Any other error means that it did."""
    try:
        getattr(client, operation)(**asked)
    except ClientError as error:
        return error.response["Error"]["Code"] not in DENIED
    return True


def refusal(client: Any, operation: str, **asked: Any) -> tuple[str, str]:
    """Code and message of the error that the call must end in."""
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**asked)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]
