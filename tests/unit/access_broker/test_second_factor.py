"""The second factor of the command: the kept session, a new code, and one sentence for each thing that goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, EndpointConnectionError

from access_broker.failures import Failure, Misused, NotSignedIn, Refused, Unavailable
from access_broker.http.second_factor import (
    CODE_VARIABLE,
    SESSION_SECONDS,
    UNKNOWN_DEVICE,
    WRONG_CLOCK,
    WRONG_CODE,
    SecondFactor,
)
from access_broker.http.signing import Signer

if TYPE_CHECKING:
    from access_broker.credentials.role_credentials import RoleCredentials

SERIAL = "arn:aws:iam::123456789012:mfa/access-broker/dana"
LATER = timedelta(hours=1)


@dataclass
class Aws:
    """A botocore session and its STS; `fails` is the error of GetSessionToken."""

    config: dict[str, str] = field(default_factory=dict)
    fails: Exception | None = None
    lasts: timedelta = LATER
    asked: list[dict[str, Any]] = field(default_factory=list)

    def get_scoped_config(self) -> dict[str, str]:
        return self.config

    def create_client(self, name: str, **keys: Any) -> Aws:
        assert (name, keys["aws_access_key_id"]) == ("sts", "AKIADANA")
        return self

    def get_session_token(self, **wanted: Any) -> dict[str, Any]:
        self.asked.append(wanted)
        if self.fails:
            raise self.fails
        end = datetime.now(UTC) + self.lasts
        token = f"token-{len(self.asked)}"
        return {
            "Credentials": {"AccessKeyId": "A", "SecretAccessKey": "s", "SessionToken": token, "Expiration": end},
        }


class Vault(dict[str, "RoleCredentials"]):
    def put(self, key: str, credentials: RoleCredentials) -> None:
        self[key] = credentials


def factor(
    aws: Aws, vault: Vault | None = None, *, key: str = "AKIADANA", token: str | None = None, **more: Any
) -> SecondFactor:
    session: Any = aws
    kept: Any = Vault() if vault is None else vault
    return SecondFactor(session, Signer("us-east-1", Credentials(key, "secret", token)), lambda: kept, **more)


def refusal(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "GetSessionToken")


def token_of(signer: Signer | None) -> str | None:
    return signer.credentials.token if signer else None


@pytest.fixture(autouse=True)
def _no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CODE_VARIABLE, raising=False)


def test_a_code_gives_a_session_that_is_kept_for_the_next_command() -> None:
    aws, vault = Aws(), Vault()
    assert token_of(factor(aws, vault, code="123456").fresh([SERIAL])) == "token-1"
    assert aws.asked == [{"SerialNumber": SERIAL, "TokenCode": "123456", "DurationSeconds": SESSION_SECONDS}]
    assert token_of(factor(aws, vault).at_hand()) == "token-1"
    assert "123456" not in repr(factor(Aws(), code="123456"))


def test_a_session_that_is_over_or_of_another_key_is_not_at_hand() -> None:
    aws, vault = Aws(lasts=timedelta(minutes=1)), Vault()
    factor(aws, vault, code="123456").fresh([SERIAL])
    assert factor(aws, vault).at_hand() is None
    factor(Aws(), vault, code="123456").fresh([SERIAL])
    assert factor(aws, vault).at_hand()
    assert factor(aws, vault, key="AKIAEVE").at_hand() is None


def test_a_code_is_the_options_then_the_variables_then_the_persons(monkeypatch: pytest.MonkeyPatch) -> None:
    aws, asked = Aws(), list[str]()

    def ask(question: str) -> str:
        asked.append(question)
        return "333333\n"

    factor(aws, ask=ask).fresh([SERIAL])
    monkeypatch.setenv(CODE_VARIABLE, "222222")
    factor(aws, ask=ask).fresh([SERIAL])
    factor(aws, code="111111", ask=ask).fresh([SERIAL])
    assert [one["TokenCode"] for one in aws.asked] == ["333333", "222222", "111111"]
    assert len(asked) == 1
    assert SERIAL in asked[0]


def test_the_profiles_mfa_serial_comes_first() -> None:
    aws = Aws(config={"mfa_serial": "arn:of:the/profile"})
    factor(aws, code="123456").fresh([SERIAL])
    assert aws.asked[0]["SerialNumber"] == "arn:of:the/profile"


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (
            refusal("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code."),
            Refused,
            WRONG_CODE,  # a wrong one, one that was used, and a device whose clock is off
        ),
        (
            refusal("AccessDenied", "MultiFactorAuthentication failed, must provide valid MFA serial number"),
            Refused,
            UNKNOWN_DEVICE.format(SERIAL),
        ),
        (refusal("SignatureDoesNotMatch", "Signature expired: 20261128T1 is now earlier"), NotSignedIn, WRONG_CLOCK),
        (refusal("SignatureDoesNotMatch", "Signature not yet current: 20261128T1"), NotSignedIn, WRONG_CLOCK),
        (refusal("RequestExpired", "Request has expired."), NotSignedIn, WRONG_CLOCK),
        (refusal("Throttling", "Rate exceeded"), Refused, "AWS gives no session with MFA (Throttling): Rate exceeded"),
    ],
)  # fmt: skip
def test_what_aws_refuses_is_one_sentence_with_the_next_step(
    error: Exception, kind: type[Failure], sentence: str
) -> None:
    vault = Vault()
    with pytest.raises(kind) as failure:
        factor(Aws(fails=error), vault, code="123456").fresh([SERIAL])
    assert failure.value.sentence == sentence
    assert vault == {}


def test_an_sts_out_of_reach_is_no_refusal() -> None:
    with pytest.raises(Unavailable):
        factor(Aws(fails=EndpointConnectionError(endpoint_url="https://sts")), code="123456").fresh([SERIAL])


@pytest.mark.parametrize("code", ["12345", "1234567", "12345x", "\u0661\u0662\u0663\u0664\u0665\u0666"])
def test_what_is_no_code_is_not_sent(code: str) -> None:
    aws = Aws()
    with pytest.raises(Misused):
        factor(aws, code=code).fresh([SERIAL])
    assert aws.asked == []


def test_without_a_device_a_code_or_a_key_the_sentence_says_what_to_do() -> None:
    with pytest.raises(Refused, match="broker mfa enroll"):
        factor(Aws(), code="123456").fresh([])
    with pytest.raises(Refused) as no_code:  # as under credential_process: no person to ask
        factor(Aws()).fresh([SERIAL])
    assert SERIAL in no_code.value.sentence
    assert f"{CODE_VARIABLE}=CODE" in no_code.value.sentence
    temporary = factor(Aws(), token="session", code="123456")
    assert token_of(temporary.at_hand()) == "session"
    with pytest.raises(Refused, match="temporary"):
        temporary.fresh([SERIAL])
