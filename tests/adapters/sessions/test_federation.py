"""The federation endpoint's adapter over real HTTP, against the local counterpart."""

from __future__ import annotations

import threading
import urllib.request
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from moto.server import ThreadedMotoServer

from chalicelib.core.domain.errors import AwsUnavailable, RefusedByAws
from chalicelib.core.domain.sessions import Credentials
from chalicelib.sessions.aws.federation import FederationEndpoint
from localaws.sign_in import SignInServer, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

DESTINATION = "https://console.aws.amazon.com/ec2/home?region=us-east-1"


@pytest.fixture
def endpoint() -> Iterator[SignInServer]:
    aws = ThreadedMotoServer(port=0, verbose=False)
    aws.start()
    host, port = aws.get_host_and_port()
    with serving(f"http://{host}:{port}") as server:
        yield server
    aws.stop()


@pytest.fixture
def credentials(endpoint: SignInServer) -> Credentials:
    sts = boto3.Session("testing", "testing", region_name="us-east-1").client("sts", endpoint_url=endpoint.aws)
    role = "arn:aws:iam::123456789012:role/access-broker/ec2"
    given = sts.assume_role(RoleArn=role, RoleSessionName="alice-1")["Credentials"]
    return Credentials(given["AccessKeyId"], given["Expiration"], given["SecretAccessKey"], given["SessionToken"])


def test_the_link_signs_in_as_the_role_and_goes_where_asked(endpoint: SignInServer, credentials: Credentials) -> None:
    url = FederationEndpoint(endpoint.url).link(credentials, DESTINATION)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert (asked["Action"], asked["Destination"], "Issuer" in asked) == ("login", DESTINATION, False)
    with urllib.request.urlopen(url, timeout=10) as page:  # noqa: S310  loopback
        assert "assumed-role/ec2/alice-1" in page.read().decode()


def test_the_issuer_is_the_deployments_own_page(endpoint: SignInServer, credentials: Credentials) -> None:
    url = FederationEndpoint(endpoint.url, "https://intranet.example.com/aws").link(credentials, DESTINATION)
    assert parse_qs(urlsplit(url).query)["Issuer"] == ["https://intranet.example.com/aws"]


def test_the_link_holds_no_credential(endpoint: SignInServer, credentials: Credentials) -> None:
    url = FederationEndpoint(endpoint.url).link(credentials, DESTINATION)
    assert credentials.secret_access_key not in url
    assert credentials.session_token not in url


def test_a_refusal_says_so_without_quoting_the_credentials(endpoint: SignInServer) -> None:
    broken = Credentials("", datetime.now(UTC), "canary-secret", "canary-token")
    endpoint.aws = "http://127.0.0.1:9"
    with pytest.raises((RefusedByAws, AwsUnavailable)) as refusal:
        FederationEndpoint(endpoint.url).link(broken, DESTINATION)
    assert "canary" not in repr(refusal.value) + str(refusal.value.__cause__)


def test_an_endpoint_that_is_away_is_said_to_be_away() -> None:
    with pytest.raises(AwsUnavailable):
        FederationEndpoint("http://127.0.0.1:9/federation").link(Credentials("A", datetime.now(UTC)), DESTINATION)


@pytest.mark.parametrize(
    "answer", [b"", b"<html>canary</html>", b"\xff", b"null", b"[]", b"{}"], ids=lambda value: value.decode("latin-1")
)
def test_an_answer_without_a_token_is_none(answer: bytes) -> None:
    class Odd(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
            pass

    with HTTPServer(("127.0.0.1", 0), Odd) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(AwsUnavailable) as failure:
            FederationEndpoint(f"http://127.0.0.1:{server.server_port}/").link(
                Credentials("A", datetime.now(UTC)), DESTINATION
            )
        thread.join()
    assert "canary" not in str(failure.value)
