"""Slack's signature: what is refused, and under which word."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chalicelib.chat.domain.slack_signature import NotFromSlack, sign, verify

# The worked example of docs.slack.dev/authentication/verifying-requests-from-slack.
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
AT = "1531420618"
NOW = datetime.fromtimestamp(int(AT), UTC)
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


def test_slacks_own_example_is_accepted() -> None:
    assert sign(SECRET, AT, BODY) == SIGNATURE
    verify(SECRET, AT, BODY, SIGNATURE, NOW)


@pytest.mark.parametrize(
    ("timestamp", "body", "signature", "why"),
    [
        (AT, BODY, "", "unsigned"),
        ("", BODY, SIGNATURE, "unsigned"),
        ("-1", BODY, SIGNATURE, "unsigned"),
        ("\u0661", BODY, SIGNATURE, "unsigned"),
        (AT, BODY + b"x", SIGNATURE, "forged"),
        (AT, BODY.replace(b"%2F", b"/"), SIGNATURE, "forged"),
        (AT, BODY, SIGNATURE.upper(), "forged"),
        (AT, BODY, "v0=\u00fc\udc80", "forged"),
        (str(int(AT) - 301), BODY, SIGNATURE, "late"),
        (str(int(AT) + 301), BODY, SIGNATURE, "early"),
    ],
)
def test_everything_else_is_refused(timestamp: str, body: bytes, signature: str, why: str) -> None:
    with pytest.raises(NotFromSlack) as refusal:
        verify(SECRET, timestamp, body, signature, NOW)
    assert refusal.value.why == why


def test_a_deployment_without_a_secret_accepts_nothing() -> None:
    with pytest.raises(NotFromSlack):
        verify("", AT, BODY, sign("", AT, BODY), NOW)
