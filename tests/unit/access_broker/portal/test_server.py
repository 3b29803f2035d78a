"""The portal and the broker behind it: what it passes on, refuses and answers, however odd pages and brokers are."""

from __future__ import annotations

import json

import pytest

from tests.unit.access_broker.contract_server import problem

ASK = {"role": "ec2-full", "reason": "deploy"}


def test_the_page_asks_as_alice_and_never_sees_her_keys(browser, contract):
    status, document, headers = browser.ask("GET", "/v1/whoami")
    assert (status, document["name"]) == (200, "alice")
    assert contract.seen[-1].caller == "alice"
    assert "alice-secret" not in json.dumps([document, headers])


def test_a_change_is_passed_on_with_its_body_and_its_key(browser, contract):
    status, document, _ = browser.ask("POST", "/v1/requests", ASK, Idempotency_Key="once")
    assert (status, document["role"]) == (201, "ec2-full")
    assert contract.posted("/api/v1/requests") == [ASK]
    assert contract.keys[-1] == "once"


def test_queries_and_names_arrive_as_they_were_meant(browser, contract):
    browser.ask("GET", "/v1/roles?limit=2&cursor=a%26b")
    assert contract.seen[-1].query == {"limit": "2", "cursor": "a&b"}
    browser.ask("GET", "/v1/callers/ROLE%2Fsession")
    assert contract.seen[-1].path == "/api/v1/callers/ROLE%2Fsession"


# Another page in the same browser


@pytest.mark.parametrize(
    "changes",
    [
        {"Origin": "http://evil.example", "Sec_Fetch_Site": "cross-site"},
        {"Origin": "http://127.0.0.1:1", "Sec_Fetch_Site": "same-site"},
        {"Origin": "null", "Sec_Fetch_Site": "cross-site"},
        {"Origin": None},
        {"Sec_Fetch_Site": "none"},
    ],
)
def test_a_change_from_another_origin_is_refused(browser, contract, changes):
    status, document, headers = browser.ask("POST", "/v1/credentials", ASK, **changes)
    assert (status, document["code"]) == (403, "portal_refused")
    assert not contract.posted("/api/v1/credentials")
    assert not [name for name in headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("changes", [{"X_Broker_Portal": None}, {"X_Broker_Portal": "x"}, {"Cookie": None}])
def test_cookie_and_key_are_both_needed(browser, contract, changes):
    """A form or an image sends the cookie at most; another port of 127.0.0.1 reads the cookie at most."""
    before = len(contract.seen)
    assert browser.ask("GET", "/v1/whoami", **changes)[0] == 401
    assert browser.ask("POST", "/v1/credentials", ASK, **changes)[0] == 401
    assert len(contract.seen) == before


def test_a_preflight_gets_no_permission(browser):
    status, _, headers = browser.ask("OPTIONS", "/v1/credentials", Origin="http://evil.example")
    assert status == 501
    assert not [name for name in headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-8"])
def test_a_body_that_a_form_could_send_is_refused(browser, contract, kind):
    assert browser.ask("POST", "/v1/credentials", json.dumps(ASK), Content_Type=kind)[0] == 415
    assert not contract.posted("/api/v1/credentials")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", ""]
)
def test_a_rebound_name_gets_nothing_not_even_the_page(browser, contract, host):
    host = host.format(port=browser.portal.server_port)
    origin = f"http://{host}"
    answers = [
        browser.ask("GET", "/", Host=host, Origin=origin),
        browser.ask("GET", "/v1/whoami", Host=host, Origin=origin),
        browser.ask("POST", "/portal/session", {"token": "x"}, Host=host, Origin=origin),
    ]
    assert {status for status, _, _ in answers} == {403}
    assert not contract.seen


def test_a_web_socket_is_not_opened(browser):
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13", "Sec_WebSocket_Key": "x"}
    status, _, _ = browser.ask("GET", "/v1/whoami", X_Broker_Portal=None, Origin="http://evil.example", **upgrade)
    assert status == 403


@pytest.mark.parametrize("path", ["/", "/openapi.json", "/v1/whoami", "/nothing"])
def test_every_answer_forbids_framing_sniffing_and_other_origins(browser, path):
    _, _, headers = browser.ask("GET", path)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


# Paths


@pytest.mark.parametrize(
    "path",
    [
        "/v1/../../etc/passwd",
        "/v1/roles/..%2f..%2f..%2flatest",
        "/v1/roles/%2e%2e",
        "/v1/roles/%252e%252e",
        "/v1/roles/a%00b",
        "/v1/roles/a%0d%0aX-Evil:1",
        "/v1/roles/a%5cb",
        "/v1/callers/%2Fetc",
        "//evil.example/v1/whoami",
        "/v1//whoami",
        "/v1/whoami/",
        "/v1/whoami;x",
        "/v1/whoami%23",
        "http://evil.example/v1/whoami",
        "/v2/whoami",
        "/health",
        "/chat/slack/commands",
        "/static/../gate.py",
        "/../gate.py",
        "/mfa/mfa/v1/whoami",
        "/v1/nothing",
    ],
)
def test_only_routes_of_the_contract_are_passed_on(browser, contract, path):
    browser.ask("GET", "/v1/whoami")
    before = list(contract.arrived)
    status, _, _ = browser.ask("GET", path)
    assert status in {403, 404}
    assert contract.arrived == before


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/v1/whoami"), ("POST", "/v1/whoami"), ("PATCH", "/v1/roles/x")]
)
def test_only_methods_of_the_contract_are_passed_on(browser, contract, method, path):
    assert browser.ask(method, path, {})[0] == 404
    assert not contract.seen


@pytest.mark.parametrize("method", ["HEAD", "TRACE", "CONNECT", "PROPFIND"])
def test_other_methods_are_unknown(browser, method):
    assert browser.ask(method, "/")[0] == 501


def test_large_and_unmeasured_bodies_are_refused(browser, contract):
    assert browser.ask("POST", "/v1/credentials", b"", Content_Length="70000")[0] == 413
    assert browser.ask("POST", "/v1/credentials", b"", Content_Length="-1")[0] == 411
    assert browser.ask("POST", "/v1/credentials", b"", Transfer_Encoding="chunked", Content_Length="0")[0] == 411
    assert not contract.seen


# A broker that answers nonsense


@pytest.mark.parametrize(
    "answer",
    [
        (200, "<script>alert(1)</script>", {"Content-Type": "text/html"}),
        (200, "[1, 2]", {}),
        (200, '"text"', {}),
        (302, "", {"Location": "http://evil.example/"}),
        (500, "<h1>no</h1>", {"Content-Type": "text/html"}),
        (200, "[" * 100_000, {}),
    ],
)
def test_nonsense_becomes_a_problem_and_stays_json(browser, contract, answer):
    browser.ask("GET", "/openapi.json")
    contract.scripted.append(answer)
    status, document, headers = browser.ask("GET", "/v1/whoami")
    assert (status, document["code"]) == (502, "nonsense")
    assert headers["Content-Type"] == "application/json"
    assert "evil" not in json.dumps([document, headers])
    assert "script" not in json.dumps(document)


def test_headers_of_the_broker_do_not_reach_the_browser(browser, contract):
    evil = {"Set-Cookie": "a=b", "Access-Control-Allow-Origin": "*", "Retry-After": "7"}
    contract.answers["GET", "/api/v1/whoami"] = (200, {"name": "<b>"}, evil)
    _, document, headers = browser.ask("GET", "/v1/whoami")
    assert document == {"name": "<b>"}
    assert headers["Retry-After"] == "7"
    assert not {"Set-Cookie", "Access-Control-Allow-Origin"} & set(headers)


def test_a_broker_without_a_contract_is_said_to_be_none(stranger_browser, contract):
    contract.public["/api/openapi.json"] = {"paths": {"/v1/whoami": None, "/evil": {"get": {}}}}
    stranger_browser.sign_in()
    status, document, _ = stranger_browser.ask("GET", "/v1/whoami")
    assert (status, document["code"]) == (502, "misused")


def test_a_broker_out_of_reach_is_offline(browser, server):
    browser.ask("GET", "/openapi.json")
    browser.portal.relay._connection.broker  # noqa: B018, SLF001  the connection is made
    server.__exit__()
    status, document, _ = browser.ask("GET", "/v1/whoami")
    server.__enter__ = lambda: None
    assert (status, document["code"]) == (503, "offline")


def test_a_refusal_of_the_broker_passes_with_its_rule(browser, contract):
    contract.answers["GET", "/api/v1/whoami"] = problem(403, "not_allowed", "No.", policies=["engineers-standing"])
    status, document, _ = browser.ask("GET", "/v1/whoami")
    assert (status, document["code"], document["policies"]) == (403, "not_allowed", ["engineers-standing"])


def test_expired_keys_are_told_as_such(browser, contract):
    del contract.callers["AKIAALICE"]
    status, document, _ = browser.ask("GET", "/v1/whoami")
    assert (status, document["code"]) == (401, "not_signed_in")
    contract.callers["AKIAALICE"] = ("alice-secret", "alice")
    assert browser.ask("GET", "/v1/whoami")[0] == 200
