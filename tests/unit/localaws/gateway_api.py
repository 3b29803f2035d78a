"""A REST API on the embedded AWS with one signed method."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.unit.localaws.conftest import ACCOUNT, Account, trusting
from tests.unit.localaws.signing import Message, Signing, send, signed

if TYPE_CHECKING:
    import boto3
    from botocore.credentials import ReadOnlyCredentials

OF_THE_ACCOUNT = {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}


@dataclass(frozen=True, slots=True)
class Gateway:
    """A REST API with one signed method, /thing, that always answers 200."""

    endpoint_url: str
    path: str
    keys: ReadOnlyCredentials
    """Of a user without policies."""
    session: ReadOnlyCredentials
    """Of a role session without policies."""

    def message(self, method: str = "GET", query: str = "", body: bytes = b"") -> Message:
        host = ("Host", urlsplit(self.endpoint_url).netloc)
        more = (("Content-Type", "application/json"),) if body else ()
        return Message(method, f"{self.path}/thing{query}", (host, *more), body)

    def status(self, message: Message) -> int:
        return send(self.endpoint_url, message)[0]

    def says(self, message: Message) -> str:
        """The gateway's message; fails when the call got in."""
        status, document = send(self.endpoint_url, message)
        assert status == 403, document
        return str(document["message"])

    def status_for(self, session: boto3.Session) -> int:
        """The status of one call that this session signs."""
        return self.status(signed(self.message(), Signing.of(keys_of(session))))


def open_gateway(account: Account, **conditions: Any) -> Gateway:
    """An API whose resource policy admits every principal of the account that meets the conditions."""
    api = account.client("apigateway")
    made = api.create_rest_api(name="signed")["id"]
    root = api.get_resources(restApiId=made)["items"][0]["id"]
    thing = api.create_resource(restApiId=made, parentId=root, pathPart="thing")["id"]
    at = {"restApiId": made, "resourceId": thing, "httpMethod": "ANY"}
    api.put_method(**at, authorizationType="AWS_IAM")
    api.put_integration(**at, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    api.put_method_response(**at, statusCode="200")
    api.put_integration_response(**at, statusCode="200")
    operation = {"op": "replace", "path": "/policy", "value": _policy(OF_THE_ACCOUNT | conditions)}
    api.update_rest_api(restApiId=made, patchOperations=[operation])
    api.create_deployment(restApiId=made, stageName="live")
    arn, user = account.user()
    session = account.assumed(user, account.role(trusting(arn)))
    return Gateway(account.endpoint_url, f"/_aws/execute-api/{made}/live", keys_of(user), keys_of(session))


def keys_of(session: boto3.Session) -> ReadOnlyCredentials:
    """The keys of a session as they are now."""
    credentials = session.get_credentials()
    assert credentials is not None
    return credentials.get_frozen_credentials()


def _policy(condition: dict[str, Any]) -> str:
    invoke = {"Action": "execute-api:Invoke", "Resource": "execute-api:/*", "Condition": condition}
    return json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", **invoke}]})
