"""MFA on the deployed broker, with real signatures: the gateway proves it, and no other thing counts."""

from __future__ import annotations

import json
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from localaws import mfa, totp
from localaws.profiles import session_with
from tests.e2e.auditing import ROOT_ACCOUNT, ask, authenticated, make_engineer, on_call, profile_keys, with_mfa
from tests.e2e.cli_person import at_a_terminal
from tests.e2e.door import Answer, keys_of, signed
from tests.e2e.enrolling import codes_of, on_a_terminal
from tests.unit.localaws.signing import Message, Signing, send
from tests.unit.localaws.signing import signed as signed_message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import boto3
    from botocore.credentials import ReadOnlyCredentials

    from localaws.broker import Broker
    from localaws.mfa import Device
    from tests.e2e.cli_person import Person


PRODUCTION = {"role": "prod-ec2", "duration_seconds": 1800, "reason": "deploy"}


def keys(broker: Broker, made: Mapping[str, Any]) -> ReadOnlyCredentials:
    """Signing keys from an answer of STS."""
    given = (made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    return keys_of(session_with(*given, region=broker.region))


def session_token(broker: Broker, who: str, **more: Any) -> ReadOnlyCredentials:
    """GetSessionToken, as any user without permissions may call it."""
    made: Any = broker.session_for(who).client("sts").get_session_token(**more)
    return keys(broker, made["Credentials"])


def asked(broker: Broker, path: str, who: ReadOnlyCredentials) -> Answer:
    return signed(f"{broker.broker_url}{path}", who)


def api_id(broker: Broker) -> str:
    return urlsplit(broker.broker_url).path.split("/")[3]


@contextmanager
def greatest_age(broker: Broker, seconds: int) -> Iterator[None]:
    """The resource policy of the API with another age, for a while."""
    gateway = broker.session_for("admin").client("apigateway")
    api = api_id(broker)
    was = json.loads(f'"{gateway.get_rest_api(restApiId=api)["policy"]}"')  # it comes escaped, as on AWS
    now = was.replace('"3600"', f'"{seconds}"')
    assert now != was
    _put(gateway, api, now)
    try:
        yield
    finally:
        _put(gateway, api, was)


def _put(gateway: Any, api: str, policy: str) -> None:
    json.loads(policy)
    gateway.update_rest_api(restApiId=api, patchOperations=[{"op": "replace", "path": "/policy", "value": policy}])


@pytest.fixture(scope="module")
def bob(broker: Broker) -> ReadOnlyCredentials:
    """Bob with MFA."""
    return keys_of(with_mfa(broker, "bob"))


@pytest.fixture(scope="module")
def ines(broker: Broker) -> tuple[boto3.Session, Device]:
    """An engineer with a device of her own. Tests take its codes in this order: the present one, the next one."""
    session = make_engineer(broker, "mfa-ines")
    return session, mfa.enable(broker.session_for("admin").client("iam"), "mfa-ines")


def test_only_a_session_with_mfa_comes_through_under_mfa(broker: Broker, bob: ReadOnlyCredentials) -> None:
    assert asked(broker, "/mfa/v1/whoami", bob).document["name"] == "bob"
    assert asked(broker, "/v1/whoami", bob).status == 200
    for who in (keys_of(broker.session_for("bob")), session_token(broker, "bob"), keys_of(broker.session_for("admin"))):
        assert asked(broker, "/v1/whoami", who).status == 200
        refused = asked(broker, "/mfa/v1/whoami", who)
        assert (refused.status, refused.document.get("code")) == (403, None)  # the gateway, not the broker


def test_a_code_counts_once_and_its_session_for_the_stated_time(broker: Broker) -> None:
    device, code = mfa.device_of(broker.directory, "alice"), broker.mfa_code("alice")
    alice = session_token(broker, "alice", SerialNumber=device.serial, TokenCode=code)
    with pytest.raises(ClientError, match="MultiFactorAuthentication"):
        session_token(broker, "alice", SerialNumber=device.serial, TokenCode=code)

    def under_mfa_after(seconds: int) -> int:
        broker.age(alice.access_key, seconds)
        return asked(broker, "/mfa/v1/whoami", alice).status

    with greatest_age(broker, 900):  # as for a rule with @mfa("15m")
        assert (under_mfa_after(850), under_mfa_after(60)) == (200, 403)
    assert (under_mfa_after(2_600), under_mfa_after(100)) == (200, 403)
    assert asked(broker, "/v1/whoami", alice).status == 200


SPELLINGS = (
    "/mfa/v1/whoami", "//mfa/v1/whoami", "/%2fmfa/v1/whoami", "/mfa%2fv1/whoami", "/MFA/v1/whoami", "/%6Dfa/v1/whoami",
    "/mfa//v1/whoami", "/./mfa/v1/whoami", "/v1/../mfa/v1/whoami", "/api/mfa/v1/whoami", "/mfa/mfa/v1/whoami", "/mfa",
    "/mfa/", "/mfa/v1/whoami/", "/mfa/v1/whoami//", "/%252fmfa/v1/whoami", "/mfa%252fv1/whoami", "/mfa/../v1/whoami",
    "/mfa/v1/..%2fv1/whoami", "/v1/mfa/../whoami", "/v1/..%2fmfa/v1/whoami", "/api/../mfa/v1/whoami", "/mfa;x/v1/roles",
    "/../api/mfa/v1/whoami", "/mfa%00/v1/whoami", "/mf%D0%B0/v1/whoami", "/mfa\\v1\\whoami", "/.%2fmfa/v1/whoami",
)  # fmt: skip
METHODS = ("HEAD", "OPTIONS", "TRACE", "FOO")
CLAIMS = (
    ("X-Amzn-MultiFactorAuthPresent", "true"), ("aws-MultiFactorAuthPresent", "true"), ("X-Amz-MFA", "serial 123456"),
    ("X-Forwarded-Prefix", "/mfa"), ("X-Original-URI", "/mfa/v1/whoami"), ("X-Rewrite-URL", "/mfa/v1/whoami"),
    ("X-Amzn-Resource-Path", "/mfa/v1/whoami"), ("X-HTTP-Method-Override", "OPTIONS"),
)  # fmt: skip


def test_no_other_spelling_and_no_other_method_lets_a_long_term_key_in(broker: Broker) -> None:
    tried = [("GET", path) for path in SPELLINGS] + [(method, "/mfa/v1/whoami") for method in METHODS]
    for who in ("bob", "admin"):
        answers = {(method, path): sent(broker, path, who, method=method) for method, path in tried}
        assert not {key: found for key, found in answers.items() if found[0] != 403 or "name" in found[1]}


def test_no_header_claims_mfa(broker: Broker) -> None:
    request = ask(broker, make_engineer(broker, "mfa-hanna"), "POST", "/v1/requests", PRODUCTION).document["id"]
    approve = f"/v1/requests/{request}/approve"
    for claim in CLAIMS:
        assert sent(broker, "/mfa/v1/whoami", "bob", claim)[0] == 403
        status, problem = sent(broker, approve, "bob", claim, ("Content-Type", "application/json"), method="POST")
        assert (status, problem.get("code")) == (403, "mfa_required"), claim
    for query, body in (("?mfa=true", {}), ("", {"mfa": True})):
        assert ask(broker, "bob", "POST", f"{approve}{query}", body).document["code"] == "invalid_request"
    assert ask(broker, "bob", "POST", f"/v1/requests/{request}/deny", {}).status == 200  # another test takes what waits


def sent(
    broker: Broker, path: str, who: str, *headers: tuple[str, str], method: str = "GET"
) -> tuple[int, dict[str, Any]]:
    """A request with this very path, well signed with the person's long-term key."""
    url = urlsplit(broker.broker_url)
    body = b"{}" if method == "POST" else b""
    message = Message(method, url.path + path, (("Host", url.netloc), *headers), body)
    return send(broker.endpoint_url, signed_message(message, Signing.of(profile_keys(broker, who))))


def test_no_session_has_the_mfa_of_another_one(broker: Broker, ines: tuple[boto3.Session, Device]) -> None:
    """Not the session that a role session takes, not one of the broker, and no token beside another key."""
    iam, (session, device) = broker.session_for("admin").client("iam"), ines
    for role, trusted in (("mfa-first", "user/mfa-ines"), ("mfa-second", "root")):
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ROOT_ACCOUNT}:{trusted}"}, **ASSUME}
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    may_assume = {"Effect": "Allow", "Resource": "*", **ASSUME}
    iam.put_role_policy(RoleName="mfa-first", PolicyName="x", PolicyDocument=json.dumps({"Statement": [may_assume]}))
    proven = authenticated(broker, session, "mfa-ines", *codes_of(device.seed, 0))
    first = assumed(broker, proven, "mfa-first")
    assert asked(broker, "/mfa/v1/whoami", keys_of(first)).document["name"] == "mfa-first/bob"
    taken = ask(broker, proven, "POST", "/mfa/v1/credentials", {"role": "ec2-full"}).document["credentials"]
    everything = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    federated = broker.session_for("admin").client("sts").get_federation_token(Name="bob", Policy=everything)
    long_term, of_hers = keys_of(session), keys_of(proven)
    for who in (
        keys_of(assumed(broker, session, "mfa-first")),
        keys_of(assumed(broker, first, "mfa-second")),
        keys(broker, taken),
        keys(broker, federated["Credentials"]),
        long_term._replace(token=of_hers.token),
        of_hers._replace(token=None),
        profile_keys(broker, "bob")._replace(token=of_hers.token),
    ):
        refused = asked(broker, "/mfa/v1/whoami", who)
        assert (refused.status, refused.document.get("code")) == (403, None), who.access_key


ASSUME = {"Action": "sts:AssumeRole"}


def assumed(broker: Broker, session: boto3.Session, role: str) -> boto3.Session:
    """A role session with the name of another person."""
    sts = session.client("sts", endpoint_url=broker.endpoint_url)
    made = sts.assume_role(RoleArn=f"arn:aws:iam::{ROOT_ACCOUNT}:role/{role}", RoleSessionName="bob")["Credentials"]
    return session_with(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], region=broker.region)


def test_an_expired_session_with_mfa_opens_no_signed_route(broker: Broker, ines: tuple[boto3.Session, Device]) -> None:
    session, device = ines
    over = keys_of(authenticated(broker, session, "mfa-ines", *codes_of(device.seed, 1)))
    assert asked(broker, "/mfa/v1/whoami", over).status == 200
    broker.age(over.access_key, 43_200)
    routes = signed_routes(broker)
    assert len(routes) > 80
    for method, path in routes:
        for keys, message in ((over, EXPIRED), (keys_of(session), EXPLICIT_DENY if path.startswith("/mfa/") else "")):
            if message:
                refused = signed(f"{broker.broker_url}{path}", keys, method, None if method == "GET" else {})
                assert (refused.status, message in refused.document["message"]) == (403, True), (method, path, refused)


EXPIRED = "The security token included in the request is expired"
EXPLICIT_DENY = "with an explicit deny"


def signed_routes(broker: Broker) -> list[tuple[str, str]]:
    """Method and path of every route that API Gateway wants signed, with something in the place of parameters."""
    gateway = broker.session_for("admin").client("apigateway")
    found = [
        (method, re.sub(r"\{\w+\+?\}", "some", resource["path"]))
        for page in gateway.get_paginator("get_resources").paginate(restApiId=api_id(broker), embed=["methods"])
        for resource in page["items"]
        for method, is_like in resource.get("resourceMethods", {}).items()
        if is_like["authorizationType"] == "AWS_IAM"
    ]
    assert {path.removeprefix("/mfa") for _, path in found if path.startswith("/mfa")} == {
        path for _, path in found if not path.startswith("/mfa")
    }
    return found


def test_bobs_stolen_key_approves_nothing_and_with_his_code_he_does(broker: Broker) -> None:
    request = ask(broker, make_engineer(broker, "mfa-mona"), "POST", "/v1/requests", PRODUCTION).document["id"]
    approve = f"v1/requests/{request}/approve"
    stolen = ask(broker, "bob", "POST", f"/{approve}", {})
    assert (stolen.status, stolen.document["code"]) == (403, "mfa_required")
    assert stolen.document["devices"] == [mfa.device_of(broker.directory, "bob").serial]
    assert ask(broker, "bob", "POST", f"/mfa/{approve}", {}).status == 403
    agreed = ask(broker, with_mfa(broker, "bob"), "POST", f"/mfa/{approve}", {})
    assert agreed.document["state"] == "approved"


def test_a_stolen_key_denies_and_revokes_without_mfa(broker: Broker) -> None:
    nora = make_engineer(broker, "mfa-nora")
    request = ask(broker, nora, "POST", "/v1/requests", PRODUCTION).document["id"]
    assert ask(broker, "bob", "POST", f"/v1/requests/{request}/deny", {}).document["state"] == "denied"
    taken = ask(broker, nora, "POST", "/v1/credentials", {"role": "ec2-full"}).document["session"]["id"]
    assert ask(broker, "admin", "DELETE", f"/v1/sessions/{taken}").document["state"] == "revoked"


def test_on_call_breaks_the_glass_with_a_code_only(broker: Broker) -> None:
    iam = broker.session_for("admin").client("iam")
    odile = on_call(broker, "odile")
    glass = {"role": "prod-ec2", "reason": "it burns", "break_glass": True}
    stolen = ask(broker, odile, "POST", "/v1/credentials", glass)
    assert (stolen.document["code"], stolen.document.get("devices")) == ("mfa_required", None)
    assert "broker mfa enroll" in stolen.document["detail"]
    device = mfa.enable(iam, "odile")
    code = totp.code(device.seed, totp.counter(time.time()))
    assert ask(broker, authenticated(broker, odile, "odile", code), "POST", "/mfa/v1/credentials", glass).status == 201


def test_the_command_asks_with_its_code_keeps_the_session_and_asks_again(broker: Broker, tmp_path: Path) -> None:
    paul, device = approver(broker, "mfa-paul", tmp_path)
    pia = make_engineer(broker, "mfa-pia")
    first, second, third, fourth = (
        ask(broker, pia, "POST", "/v1/requests", PRODUCTION).document["id"] for _ in range(4)
    )
    refused = paul.broker("approve", first)
    assert refused.returncode == 1
    assert "--mfa-code" in refused.stderr
    [code] = codes_of(device.seed, 0)
    done = paul.broker("approve", first, AWS_MFA_CODE=code)
    assert done.returncode == 0, done.stderr
    again = paul.broker("approve", second)  # no code: the session is kept
    assert again.returncode == 0, again.stderr
    [kept] = (paul.home / ".cache" / "access-broker").glob("mfa-*.json")
    broker.age(json.loads(kept.read_text())["AccessKeyId"], 3_600)  # on this computer it seems to last
    with on_a_terminal(paul, "approve", third) as terminal:
        terminal.until(f"MFA code of {device.serial}: ")
        terminal.type(*codes_of(device.seed, 1))
        terminal.until("approved")
    assert paul.broker("logout").returncode == 0
    used = paul.broker("approve", fourth, "--mfa-code", code)
    assert used.returncode == 1
    assert "used before" in used.stderr
    assert paul.broker("deny", fourth).returncode == 0  # another test takes what waits


def approver(broker: Broker, name: str, home: Path) -> tuple[Person, Device]:
    """An approver with a device, at a terminal, with their key in the environment."""
    session, iam = make_engineer(broker, name), broker.session_for("admin").client("iam")
    iam.add_user_to_group(GroupName="approvers", UserName=name)
    person, given = at_a_terminal(broker, "bob", home / name), Signing.of(keys_of(session))
    del person.environment["AWS_PROFILE"]
    person.environment.update(AWS_ACCESS_KEY_ID=given.key, AWS_SECRET_ACCESS_KEY=given.secret)
    return person, mfa.enable(iam, name)
