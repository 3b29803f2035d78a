"""MFA on the deployed broker, with real signatures: the gateway proves it, and no other thing counts."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from localaws import mfa
from localaws.profiles import session_with
from tests.e2e.door import Answer, keys_of, signed
from tests.unit.localaws.signing import Message, Signing, send
from tests.unit.localaws.signing import signed as signed_message

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def with_mfa(broker: Broker, who: str) -> ReadOnlyCredentials:
    device = mfa.device_of(broker.directory, who)
    return session_token(broker, who, SerialNumber=device.serial, TokenCode=broker.mfa_code(who))


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
    return with_mfa(broker, "bob")


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
