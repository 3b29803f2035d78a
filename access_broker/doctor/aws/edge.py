"""The API from outside and as API Gateway has it."""

from __future__ import annotations

import json
import socket
import ssl
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSRequest

from access_broker.doctor.checks.api import RestApi
from access_broker.doctor.checks.edge import Edge

if TYPE_CHECKING:
    from access_broker.doctor.aws.deployment import Deployment

ALL_METHODS = "*/*"


def edge(deployment: Deployment) -> Edge:
    """One unsigned request, and a TLS handshake."""
    request = AWSRequest("GET", f"{deployment.url}/v1/whoami", headers={"Accept": "application/json"}).prepare()
    answer = deployment.broker.transport.send(request)
    theirs = answer.headers.get("Date")
    skew = time.time() - parsedate_to_datetime(theirs).timestamp() if theirs else 0.0
    return Edge(deployment.loopback, skew, _tls(deployment.url), answer.status)


def _tls(url: str) -> str:
    """The version that is negotiated; empty for plain HTTP, or where a proxy stands in between."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return ""
    address = (parts.hostname, parts.port or 443)
    with socket.create_connection(address, timeout=5) as plain:
        context = ssl.create_default_context()
        with context.wrap_socket(plain, server_hostname=parts.hostname) as secured:
            return secured.version() or ""


def rest_api(deployment: Deployment) -> RestApi:
    """GetRestApi, GetResources, GetStage."""
    template = deployment.template
    api = template.of_type("AWS::ApiGateway::RestApi")[0].physical
    stage_name = template.of_type("AWS::ApiGateway::Stage")[0].physical
    client = deployment.client("apigateway")
    stage = client.get_stage(restApiId=api, stageName=stage_name)
    settings = stage.get("methodSettings", {}).get(ALL_METHODS, {})
    return RestApi(
        embedded=deployment.embedded,
        policy=_policy(client.get_rest_api(restApiId=api).get("policy", "")),
        methods=tuple(_methods(deployment, api)),
        access_log=stage.get("accessLogSettings", {}).get("destinationArn", ""),
        throttled="throttlingRateLimit" in settings and "throttlingBurstLimit" in settings,
    )


def _policy(text: str) -> dict[str, Any]:
    """API Gateway gives the document with its quotation marks escaped."""
    policy: dict[str, Any] = json.loads(text.replace('\\"', '"')) if text else {}
    return policy


def _methods(deployment: Deployment, api: str) -> list[tuple[str, str, str]]:
    found = deployment.pages("apigateway", "get_resources", "items", restApiId=api, embed=["methods"])
    return [
        (name, resource["path"], method.get("authorizationType", "NONE"))
        for resource in found
        for name, method in resource.get("resourceMethods", {}).items()
    ]
