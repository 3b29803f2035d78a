"""MFA on the deployed broker, with real signatures: the gateway proves it, and no other thing counts."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from localaws import mfa, totp
from localaws.profiles import session_with
from tests.e2e.auditing import ask, authenticated, make_engineer, on_call, with_mfa
from tests.e2e.cli_person import at_a_terminal
from tests.e2e.door import Answer, keys_of, signed
from tests.unit.localaws.signing import Message, Signing, send
from tests.unit.localaws.signing import signed as signed_message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from botocore.credentials import ReadOnlyCredentials

    from localaws.broker import Broker


def keys(broker: Broker, made: dict[str, Any]) -> ReadOnlyCredentials:
    """Signing keys from an answer of STS."""
    given = (made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    return keys_of(session_with(*given, region=broker.region))


def session_token(broker: Broker, who: str, **more: Any) -> ReadOnlyCredentials:
    """GetSessionToken, as any user without permissions may call it."""
    made: Any = broker.session_for(who).client("sts").get_session_token(**more)
    return keys(broker, made["Credentials"])


def asked(broker: Broker, path: str, who: ReadOnlyCredentials) -> Answer:
    return signed(f"{broker.broker_url}{path}", who)


@contextmanager
def greatest_age(broker: Broker, seconds: int) -> Iterator[None]:
    """The resource policy of the API with another age, for a while."""
    gateway = broker.session_for("admin").client("apigateway")
    api = urlsplit(broker.broker_url).path.split("/")[3]
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


def test_only_a_session_with_mfa_comes_through_under_mfa(broker: Broker, bob: ReadOnlyCredentials) -> None:
    assert asked(broker, "/mfa/v1/whoami", bob).document["name"] == "bob"
    assert asked(broker, "/v1/whoami", bob).status == 200
    for who in (keys_of(broker.session_for("bob")), session_token(broker, "bob"), keys_of(broker.session_for("admin"))):
        assert asked(broker, "/v1/whoami", who).status == 200
        refused = asked(broker, "/mfa/v1/whoami", who)
        assert (refused.status, refused.document.get("code")) == (403, None)  # the gateway, not the broker


def test_a_code_counts_once_and_a_session_for_the_stated_time(broker: Broker) -> None:
    device, code = mfa.device_of(broker.directory, "alice"), broker.mfa_code("alice")
    alice = session_token(broker, "alice", SerialNumber=device.serial, TokenCode=code)
    with pytest.raises(ClientError, match="MultiFactorAuthentication"):
        session_token(broker, "alice", SerialNumber=device.serial, TokenCode=code)
    with greatest_age(broker, 2):
        deadline = time.monotonic() + 30
        while asked(broker, "/mfa/v1/whoami", alice).status == 200:
            assert time.monotonic() < deadline
        assert asked(broker, "/mfa/v1/whoami", alice).status == 403
        assert asked(broker, "/v1/whoami", alice).status == 200
    assert asked(broker, "/mfa/v1/whoami", alice).status == 200


SPELLINGS = (
    "//mfa/v1/whoami", "/%2fmfa/v1/whoami", "/mfa%2fv1/whoami", "/MFA/v1/whoami", "/%6Dfa/v1/whoami", "/mfa//v1/whoami",
    "/./mfa/v1/whoami", "/v1/../mfa/v1/whoami", "/api/mfa/v1/whoami", "/mfa/mfa/v1/whoami", "/mfa", "/mfa/",
)  # fmt: skip
CLAIMS = (
    ("X-Amzn-MultiFactorAuthPresent", "true"), ("aws-MultiFactorAuthPresent", "true"), ("X-Forwarded-Prefix", "/mfa"),
    ("X-Original-URI", "/mfa/v1/whoami"), ("X-Amz-MFA", "serial 123456"),
)  # fmt: skip


@pytest.mark.parametrize("path", SPELLINGS)
def test_no_other_spelling_lets_a_long_term_key_in(broker: Broker, path: str) -> None:
    for who in ("bob", "admin"):
        status, document = sent(broker, path, who)
        assert (status, document.get("name")) == (403, None), (path, document)


@pytest.mark.parametrize(("name", "value"), CLAIMS)
def test_no_header_claims_mfa(broker: Broker, name: str, value: str) -> None:
    assert sent(broker, "/mfa/v1/whoami", "bob", (name, value))[0] == 403


def sent(broker: Broker, path: str, who: str, *headers: tuple[str, str]) -> tuple[int, dict[str, Any]]:
    """A request with this very path, well signed with the person's long-term key."""
    url = urlsplit(broker.broker_url)
    message = Message("GET", url.path + path, (("Host", url.netloc), *headers))
    return send(broker.endpoint_url, signed_message(message, Signing.of(keys_of(broker.session_for(who)))))


def test_bobs_stolen_key_approves_nothing_and_with_his_code_he_does(broker: Broker) -> None:
    wanted = {"role": "prod-ec2", "duration_seconds": 1800, "reason": "deploy"}
    request = ask(broker, make_engineer(broker, "mfa-mona"), "POST", "/v1/requests", wanted).document["id"]
    approve = f"v1/requests/{request}/approve"
    stolen = ask(broker, "bob", "POST", f"/{approve}", {})
    assert (stolen.status, stolen.document["code"]) == (403, "mfa_required")
    assert stolen.document["devices"] == [mfa.device_of(broker.directory, "bob").serial]
    assert ask(broker, "bob", "POST", f"/mfa/{approve}", {}).status == 403
    agreed = ask(broker, with_mfa(broker, "bob"), "POST", f"/mfa/{approve}", {})
    assert agreed.document["state"] == "approved"


def test_a_stolen_key_denies_and_revokes_without_mfa(broker: Broker) -> None:
    nora = make_engineer(broker, "mfa-nora")
    wanted = {"role": "prod-ec2", "duration_seconds": 1800, "reason": "deploy"}
    request = ask(broker, nora, "POST", "/v1/requests", wanted).document["id"]
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


def test_the_command_asks_with_its_code_and_keeps_the_session(broker: Broker, tmp_path: Path) -> None:
    bob = at_a_terminal(broker, "bob", tmp_path / "bob")
    pia = make_engineer(broker, "mfa-pia")
    wanted = {"role": "prod-ec2", "duration_seconds": 1800, "reason": "deploy"}
    first, second = (ask(broker, pia, "POST", "/v1/requests", wanted).document["id"] for _ in range(2))
    refused = bob.broker("approve", first)
    assert refused.returncode == 1
    assert "--mfa-code" in refused.stderr
    code = broker.mfa_code("bob")
    done = bob.broker("approve", first, AWS_MFA_CODE=code)
    assert done.returncode == 0, done.stderr
    again = bob.broker("approve", second)  # no code: the session is kept
    assert again.returncode == 0, again.stderr
    assert bob.broker("logout").returncode == 0
    third = ask(broker, pia, "POST", "/v1/requests", wanted).document["id"]
    used = bob.broker("approve", third, "--mfa-code", code)
    assert used.returncode == 1
    assert "used before" in used.stderr
    assert bob.broker("deny", third).returncode == 0  # another test takes what waits
