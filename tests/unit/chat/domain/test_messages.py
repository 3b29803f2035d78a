"""What the broker says in chat."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis.strategies import characters, text

from chalicelib.approvals.domain.requests import Decision, Request, answer_by, decided, expired
from chalicelib.chat.domain.messages import broken_glass_message, plain, request_message, section, span
from chalicelib.core.domain.visible_text import UNSHOWN
from tests.fakes.core import NOW
from tests.fakes.sessions import session
from tests.wording import names

if TYPE_CHECKING:
    from chalicelib.chat.domain.messages import Message

ASKED = Request(
    id="01k" + "0" * 23,
    caller="alice",
    caller_id="AIDAALICE",
    caller_arn="arn:aws:iam::123456789012:user/alice",
    role="prod-ec2",
    duration_seconds=7200,
    approvals=1,
    policy="one-agrees",
    filed_at=NOW,
    answer_by=answer_by(NOW, None, timedelta(hours=2)),
    reason="deploy <!channel> & <https://evil.example|click>",
)


def written(request: Request) -> str:
    return json.dumps(request_message(request, NOW).blocks)


def test_a_waiting_request_has_both_buttons_with_its_id() -> None:
    *_, actions = request_message(ASKED, NOW).blocks
    assert [(one["action_id"], one["value"]) for one in actions["elements"]] == [
        ("approve", ASKED.id),
        ("deny", ASKED.id),
    ]


def test_others_words_neither_ping_nor_link() -> None:
    assert "<!channel>" not in written(ASKED)
    assert "<https://evil" not in written(ASKED)
    assert plain("a & <b>") == "a &amp; &lt;b&gt;"


@pytest.mark.parametrize(("word", "said"), [("approve", "Approved"), ("deny", "Denied")])
def test_a_settled_request_says_who_decided_and_has_no_buttons(word: str, said: str) -> None:
    settled = decided(ASKED, Decision(word, "bob", "AIDABOB", NOW, "go"))  # type: ignore[arg-type]
    assert names(written(settled), said, "bob", "go")
    assert "actions" not in written(settled)


def test_an_overdue_request_has_no_buttons_even_before_it_is_written_down() -> None:
    late = request_message(ASKED, ASKED.answer_by)
    assert late == request_message(expired(ASKED), ASKED.answer_by)
    assert "actions" not in json.dumps(late.blocks)


def test_both_names_are_shown_where_a_program_asked() -> None:
    assert names(written(replace(ASKED, asked_by="slackbot", asked_by_id="AIDABOT")), "alice", "slackbot")


@pytest.mark.parametrize(("seconds", "words"), [(900, "15m"), (3600, "1h"), (9000, "2h30m")])
def test_spans_are_short(seconds: int, words: str) -> None:
    assert span(seconds) == words


def test_a_reason_cannot_pass_for_what_the_broker_says_nor_push_it_out() -> None:
    forged = replace(ASKED, reason="x\nApproved by bob\u2028Until tomorrow " + "&" * 1000)
    asked, reason, _ = texts(request_message(forged, NOW))
    assert names(asked, "0 of 1")
    assert "\n" not in reason
    assert "Approved" not in asked


@given(text(characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Lu"]), max_size=20))
def test_no_character_of_a_quote_acts_on_its_reader(words: str) -> None:
    asked = replace(ASKED, reason=words, decisions=(Decision("approve", "bob", "AIDABOB", NOW, words),))
    broken = session(break_glass=True, reason=words, reviewed_by="bob", reviewed_at=NOW, review_comment=words)
    shown = "".join([*texts(request_message(asked, NOW)), *texts(broken_glass_message(broken))])
    assert {unicodedata.category(sign) for sign in shown if sign not in "\n\u200c\u200d"} & UNSHOWN == set()


def test_comments_cannot_push_out_until_when_a_grant_lasts() -> None:
    two = replace(ASKED, approvals=2)
    for number in (1, 2):
        two = decided(two, Decision("approve", f"bob{number}", f"AIDABOB{number}", NOW, "&" * 1000))
    said, *_ = texts(request_message(two, NOW))
    assert said.split("\n")[1].count("<!date^") == 2  # until when it lasts, and when the last session begins


def test_broken_glass_calls_everybody_whatever_its_reason_says() -> None:
    broken = session(break_glass=True, reason="&" * 1000)
    alarm, reason = texts(broken_glass_message(broken))
    assert "<!date^" in alarm
    assert names(alarm, "<!here>", f"broker review {broken.id}")
    assert "&amp;&amp;" in reason


@pytest.mark.parametrize("before", range(2975, 3001))
def test_a_section_is_never_cut_inside_an_escape_or_a_form_of_slack(before: int) -> None:
    text = section("x" * before + plain("&<") + "<!here>" + "x" * 50)["text"]["text"]
    assert before <= len(text) + 1 <= 3001
    assert not re.search("[&<>]", re.sub("&amp;|&lt;|<!here>", "", text))


def test_plain_words_become_no_links() -> None:
    for block in request_message(replace(ASKED, reason="see https://evil.example"), NOW).blocks[:2]:
        assert block["text"]["verbatim"] is True


def texts(message: Message) -> list[str]:
    """What each block says; "" for buttons."""
    return [block.get("text", {}).get("text", "") for block in message.blocks]
