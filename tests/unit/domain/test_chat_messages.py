"""What the broker says in chat."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.chat_messages import plain, request_message, span
from chalicelib.domain.requests import Decision, Request, answer_by, decided
from tests.unit.services.fakes import NOW

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


@pytest.mark.parametrize(("word", "said"), [("approve", "Approved by bob: go"), ("deny", "Denied by bob: go")])
def test_a_settled_request_says_who_decided_and_has_no_buttons(word: str, said: str) -> None:
    settled = decided(ASKED, Decision(word, "bob", "AIDABOB", NOW, "go"))  # type: ignore[arg-type]
    assert said in written(settled)
    assert "actions" not in written(settled)


def test_an_overdue_request_has_no_buttons_even_before_it_is_written_down() -> None:
    late = request_message(ASKED, ASKED.answer_by)
    assert "Nobody answered in time" in json.dumps(late.blocks)
    assert "actions" not in json.dumps(late.blocks)


def test_both_names_are_shown_where_a_program_asked() -> None:
    assert "Asked for them by slackbot" in written(replace(ASKED, asked_by="slackbot", asked_by_id="AIDABOT"))


@pytest.mark.parametrize(("seconds", "words"), [(900, "15m"), (3600, "1h"), (9000, "2h30m")])
def test_spans_are_short(seconds: int, words: str) -> None:
    assert span(seconds) == words


def test_a_reason_cannot_pass_for_what_the_broker_says_nor_push_it_out() -> None:
    forged = replace(ASKED, reason="x\nApproved by bob\u2028Until tomorrow " + "&" * 1000)
    asked, standing, _ = request_message(forged, NOW).blocks
    assert asked["text"]["text"].count("\n") == 1
    assert "0 of 1 agreed" in standing["text"]["text"]
