"""What people may say to /access."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.chat.domain.commands import AskFor, Command, NotUnderstood, Revoke, ShowMine, ShowRoles, ShowWho, parse

ID = "01k" + "0" * 23


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", ShowRoles()),
        ("  mine ", ShowMine()),
        ("who prod-ec2", ShowWho("prod-ec2")),
        (f"revoke {ID.upper()}", Revoke(ID)),
        ("request prod-ec2 2h deploy", AskFor("prod-ec2", 7200, "deploy")),
        ("request prod-ec2 1h30m deploy  1.2", AskFor("prod-ec2", 5400, "deploy 1.2")),
        ("request prod-ec2 fix it", AskFor("prod-ec2", 3600, "fix it")),
        ("REQUEST prod-ec2", AskFor("prod-ec2", 3600, "")),
        ("request prod-ec2 \uff12\uff48 deploy", AskFor("prod-ec2", 7200, "deploy")),
        ("request prod-ec2 2 hours for deploy", AskFor("prod-ec2", 7200, "deploy")),
        ("request prod-ec2 30min deploy for x", AskFor("prod-ec2", 1800, "deploy for x")),
        ("request prod-ec2 2 days", AskFor("prod-ec2", 172800, "")),
        ("request prod-ec2\u30002h\u3000障害対応", AskFor("prod-ec2", 7200, "障害対応")),
        ("request \u201cprod-ec2\u201d 1.2 is broken", AskFor("prod-ec2", 3600, "1.2 is broken")),
        ("who `prod-ec2`", ShowWho("prod-ec2")),
    ],
)
def test_commands_are_understood(text: str, command: Command) -> None:
    assert parse(text) == command


@pytest.mark.parametrize(
    "text",
    [
        "help",
        "request prod-ec2 2 pods restarted",
        "who",
        "who a b",
        "revoke x",
        "request",
        "request a/b",
        "request x 1h " + "y" * 1001,
    ],
)
def test_anything_else_says_what_was_expected(text: str) -> None:
    with pytest.raises(NotUnderstood, match=r"\w"):
        parse(text)


@given(st.text())
def test_no_words_break_it(text: str) -> None:
    with suppress(NotUnderstood):
        assert isinstance(parse(text), Command)
