"""The page's codes: passed to AWS STS once, and what the session that they give is used for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from tests.serving import serving
from tests.unit.access_broker.contract_server import problem

if TYPE_CHECKING:
    from collections.abc import Iterator

DEVICE = "arn:aws:iam::000000000000:mfa/alice"
CODE = "123456"
WANTED = problem(403, "mfa_required", "A rule asks for MFA.", devices=[DEVICE])
SESSION = """<GetSessionTokenResponse><GetSessionTokenResult><Credentials><AccessKeyId>ASIAMFA</AccessKeyId>
<SecretAccessKey>mfa-secret</SecretAccessKey><SessionToken>mfa-token</SessionToken><Expiration>{}</Expiration>
</Credentials></GetSessionTokenResult></GetSessionTokenResponse>"""
INVALID = """<ErrorResponse><Error><Code>AccessDenied</Code>
<Message>MultiFactorAuthentication failed with invalid MFA one time pass code. </Message></Error></ErrorResponse>"""


@pytest.fixture
def codes(monkeypatch) -> Iterator[list[str]]:
    """AWS STS on loopback, which takes one code; yields the codes that it was asked with."""
    asked: list[str] = []

    class Sts(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            asked.extend(form["TokenCode"])
            good = form["TokenCode"] == [CODE] and form["SerialNumber"] == [DEVICE]
            ends = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
            content = (SESSION.format(ends) if good else INVALID).encode()
            self.send_response(200 if good else 403)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep the terminal for pytest."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Sts)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{server.server_port}")
        yield asked


@pytest.fixture
def guarded(contract) -> None:
    """A broker that gives credentials with MFA only."""
    contract.answers["POST", "/api/v1/credentials"] = WANTED
    contract.answers["POST", "/api/mfa/v1/credentials"] = {"session": {"id": "1"}}
    contract.callers["ASIAMFA"] = ("mfa-secret", "alice")
    contract.proven.add("ASIAMFA")


@pytest.mark.usefixtures("guarded")
def test_a_code_opens_what_a_rule_keeps_for_mfa(codes, browser, contract):
    body = {"role": "ec2-full"}
    assert browser.ask("POST", "/v1/credentials", body)[1]["devices"] == [DEVICE]
    assert browser.ask("POST", "/mfa/v1/credentials", body)[1]["code"] == "mfa_required"
    assert browser.ask("POST", "/portal/mfa", {"code": CODE, "devices": [DEVICE]})[:2] == (200, {"proven": True})
    assert browser.ask("POST", "/mfa/v1/credentials", body)[:2] == (200, {"session": {"id": "1"}})
    assert contract.seen[-1].path == "/api/mfa/v1/credentials"
    assert codes == [CODE]


@pytest.mark.usefixtures("guarded")
def test_a_wrong_code_is_said_in_a_sentence_and_proves_nothing(codes, browser):
    status, document, _ = browser.ask("POST", "/portal/mfa", {"code": "999999", "devices": [DEVICE]})
    assert (status, document["code"]) == (403, "refused")
    assert "wrong" in document["detail"]
    assert browser.ask("POST", "/mfa/v1/credentials", {})[1]["code"] == "mfa_required"
    assert codes == ["999999"]


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "\u0661" * 6, None, 123456])
def test_no_code_reaches_aws_that_is_none(codes, browser, monkeypatch, code):
    """Nor does the portal take one from elsewhere: a person at the terminal is not asked."""
    monkeypatch.setenv("AWS_MFA_CODE", CODE)
    status, document, _ = browser.ask("POST", "/portal/mfa", {"code": code, "devices": [DEVICE]})
    assert (status, document["code"]) == (400, "invalid_request")
    assert codes == []


def test_temporary_credentials_without_mfa_are_told_so_instead_of_asking(stranger_browser, contract, monkeypatch):
    contract.callers["ASIATEMP"] = ("temp-secret", "alice")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIATEMP")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "temp-secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "temp-token")
    stranger_browser.portal.relay._connection.profile = None  # noqa: SLF001  the environment's own keys
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    stranger_browser.sign_in()
    status, document, _ = stranger_browser.ask("POST", "/mfa/v1/credentials", {})
    assert (status, document["code"]) == (403, "refused")
    assert "temporary" in document["detail"]
