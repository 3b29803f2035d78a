"""The embedded API Gateway refuses every call whose signature AWS would not accept."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.localaws.conftest import ACCOUNT, Account
from tests.unit.localaws.gateway_api import Gateway, open_gateway
from tests.unit.localaws.signing import Signing, presigned, signed


@pytest.fixture(scope="module")
def gateway(account: Account) -> Gateway:
    return open_gateway(account)


@pytest.fixture
def user(gateway: Gateway) -> Signing:
    return Signing.of(gateway.keys)


@pytest.fixture
def session(gateway: Gateway) -> Signing:
    return Signing.of(gateway.session)


def test_calls_that_are_signed_well_get_in(gateway: Gateway, user: Signing, session: Signing) -> None:
    body = b'{"a": 1}'
    told = gateway.message("POST", body=body).with_header("X-Amz-Content-Sha256", hashlib.sha256(body).hexdigest())
    for message in (
        signed(gateway.message(), user),
        signed(gateway.message(), session),
        signed(gateway.message("POST", "?b=2&a=1&a=%20", body), user),
        signed(told, user),
        signed(gateway.message().with_header("X-One", "1").with_header("X-One", "2"), user),
        signed(gateway.message(), user).with_header("User-Agent", "unsigned"),
        presigned(gateway.message(), user),
        presigned(gateway.message(), session),
    ):
        assert gateway.status(message) == 200


def test_a_session_token_has_to_be_signed(gateway: Gateway, session: Signing) -> None:
    message = signed(gateway.message(), replace(session, unsigned=("x-amz-security-token",)))
    assert "'x-amz-security-token' must be a 'SignedHeader'" in gateway.says(message)


def test_every_amz_header_and_the_content_type_have_to_be_signed(gateway: Gateway, user: Signing) -> None:
    for name in ("x-amz-date", "content-type"):
        message = signed(gateway.message("POST", body=b"{}"), replace(user, unsigned=(name,)))
        assert f"'{name}' must be a 'SignedHeader'" in gateway.says(message)
    added = signed(gateway.message(), user).with_header("X-Amz-Meta", "later")
    assert "'x-amz-meta' must be a 'SignedHeader'" in gateway.says(added)


def test_host_has_to_be_signed(gateway: Gateway, user: Signing, session: Signing) -> None:
    for signing in (user, session):
        unsigned = replace(signing, unsigned=("host",))
        for message in (signed(gateway.message(), unsigned), presigned(gateway.message(), unsigned)):
            assert "'Host' or ':authority' must be a 'SignedHeader'" in gateway.says(message)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"service": "sts"}, "correct service: 'execute-api'"),
        ({"service": "apigateway"}, "correct service: 'execute-api'"),
        ({"service": "s3"}, "correct service: 'execute-api'"),
        ({"region": "eu-west-1"}, "valid region, not 'eu-west-1'"),
        ({"region": ""}, "valid region, not ''"),
    ],
)
def test_the_scope_names_the_api(gateway: Gateway, user: Signing, part: dict[str, Any], words: str) -> None:
    wrong = replace(user, **part)
    assert words in gateway.says(signed(gateway.message(), wrong))
    assert gateway.status(presigned(gateway.message(), wrong)) == 403


def test_the_scope_ends_in_the_terminator(gateway: Gateway, user: Signing) -> None:
    message = signed(gateway.message(), user)
    written = message.changed("authorization", message.value("authorization").replace("aws4_request", "aws5_request"))
    assert "valid terminator: 'aws4_request', not 'aws5_request'" in gateway.says(written)


@pytest.mark.parametrize("payload", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "0" * 64])
def test_the_payload_is_the_body_that_arrives(gateway: Gateway, user: Signing, payload: str) -> None:
    message = gateway.message("POST", body=b'{"a": 1}').with_header("X-Amz-Content-Sha256", payload)
    assert "x-amz-content-sha256" in gateway.says(signed(message, replace(user, payload=payload)))


def test_the_hash_of_another_body_does_not_sign_this_one(gateway: Gateway, user: Signing) -> None:
    other = hashlib.sha256(b'{"a": 2}').hexdigest()
    message = gateway.message("POST", body=b'{"a": 1}').with_header("X-Amz-Content-Sha256", other)
    assert "x-amz-content-sha256" in gateway.says(signed(message, replace(user, payload=other)))


@pytest.mark.parametrize(
    "garbage",
    [
        "{}, Extra=1",
        "{}, garbage",
        "{}, Signature=" + "0" * 64,
        "{}, Credential=AKIAOTHER/20260101/us-east-1/execute-api/aws4_request",
        "{},",
        "{}; Extra=1",
        "{}, {}",
    ],
)
def test_nothing_stands_beside_the_signature(gateway: Gateway, user: Signing, garbage: str) -> None:
    message = signed(gateway.message(), user)
    header = message.value("authorization")
    assert "Authorization header" in gateway.says(message.changed("authorization", garbage.replace("{}", header)))


def test_a_call_carries_one_signature(gateway: Gateway, user: Signing) -> None:
    in_header = signed(gateway.message(), user)
    assert gateway.status(in_header.with_header("Authorization", in_header.value("authorization"))) == 403
    assert gateway.status(signed(presigned(gateway.message(), user), user)) == 403
    in_query = presigned(gateway.message(), user)
    assert gateway.status(replace(in_query, target=in_query.target + "&X-Amz-Signature=" + "0" * 64)) == 403


@pytest.mark.parametrize("name", ["X-Amz-Date", "X-Amz-Security-Token", "Host", "X-Amz-Content-Sha256"])
def test_a_header_that_is_sent_twice_does_not_pass(gateway: Gateway, session: Signing, name: str) -> None:
    told = gateway.message().with_header("X-Amz-Content-Sha256", hashlib.sha256(b"").hexdigest())
    message = signed(told, session)
    assert gateway.status(message) == 200
    assert gateway.status(message.with_header(name, message.value(name))) in {400, 403}


@pytest.mark.parametrize("minutes", [-6, 6, -60 * 24, 60 * 24 * 365])
def test_a_call_is_good_for_five_minutes(gateway: Gateway, user: Signing, minutes: int) -> None:
    then = replace(user, when=datetime.now(UTC) + timedelta(minutes=minutes))
    assert "Signature" in gateway.says(signed(gateway.message(), then))
    assert gateway.status(presigned(gateway.message(), then, expires=7 * 24 * 3600)) == 403


@pytest.mark.parametrize("date", ["20260101", "20260101T000000", "20260101T0000000", "20261301T000000Z", "2026-01-01"])
def test_a_date_that_cannot_be_read_is_refused(gateway: Gateway, user: Signing, date: str) -> None:
    assert "ISO-8601" in gateway.says(signed(gateway.message(), replace(user, date=date)))


@pytest.mark.parametrize(
    "spelt", ["//thing", "/%2Fthing", "/./thing", "/thing/%2F", "/THING", "/live/thing", "%2fthing"]
)
def test_a_path_that_is_spelt_otherwise_is_another_path(gateway: Gateway, user: Signing, spelt: str) -> None:
    other = replace(gateway.message(), target=f"{gateway.path}{spelt}")
    assert gateway.status(signed(other, user)) == 403


def test_a_slash_at_the_end_and_an_encoded_letter_change_nothing(gateway: Gateway, user: Signing) -> None:
    for spelt in ("/thing/", "/t%68ing"):
        other = replace(gateway.message(), target=f"{gateway.path}{spelt}")
        assert gateway.status(signed(other, user)) == 200


def test_the_root_of_the_account_has_to_know_its_secret(account: Account, gateway: Gateway) -> None:
    assert gateway.status(signed(gateway.message(), Signing("test", "test"))) == 200
    for key in ("test", ACCOUNT):
        assert gateway.status(signed(gateway.message(), Signing(key, "guessed"))) == 403
    sts = account.client("sts", account.session("test", "guessed"))
    with pytest.raises(sts.exceptions.ClientError, match="SignatureDoesNotMatch"):
        sts.get_caller_identity()
