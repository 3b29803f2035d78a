"""What clean-up says in chat."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.chat.domain.cleanup_messages import cleanup_message
from tests.wording import names

STEP = {
    "stage": "warned",
    "before": "reported",
    "why": "last used on 2026-01-01",
    "owner": "<!here> dora",
    "what_to_do": "Use old, or tag it.",
}
RUN: dict[str, Any] = {
    "budget": {"wanted": 3, "limit": 20, "exceeded": False},
    "changes": {"warned": 1, "reported": 2},
    "failures": [],
    "stale": 5,
    "ours": 40,
}


KEY = {**STEP, "key": "AKIA1", "why": "never used", "owner_in_slack": "T1/U1"}


def words(role: str, **detail: Any) -> str:
    message = cleanup_message({"role": role, "detail": detail})
    return json.dumps(message.blocks) if message else ""


@pytest.mark.parametrize("stage", ["warned", "quarantined", "deleted"])
def test_a_step_names_role_owner_and_what_to_do_and_pings_nobody(stage: str) -> None:
    said = words("old", **{**STEP, "stage": stage})
    assert names(said, "old", "&lt;!here&gt; dora", "Use old, or tag it.")


def test_a_role_that_is_back_is_news_only_where_it_had_been_told_of() -> None:
    alive = {**STEP, "stage": "alive", "what_to_do": ""}
    assert words("old", **{**alive, "before": "reported"}) == ""
    assert names(words("old", **{**alive, "before": "quarantined"}), "old", "quarantined", STEP["why"])


def test_a_reported_role_is_in_the_message_of_the_run_alone() -> None:
    assert words("old", **{**STEP, "stage": "reported"}) == ""
    assert names(words("", **RUN), "2 reported", "1 warned", "5", "40")


def test_a_run_that_did_and_wanted_nothing_is_no_news() -> None:
    assert words("", **{**RUN, "changes": {}}) == ""


def test_a_run_that_was_stopped_or_failed_says_so() -> None:
    stopped = words("", **{**RUN, "changes": {}, "budget": {"wanted": 30, "limit": 20, "exceeded": True}})
    assert names(stopped, "30", "20")
    assert names(words("", **{**RUN, "failures": [{"role": "old", "why": "busy"}] * 7}), "7")


@pytest.mark.parametrize("stage", ["warned", "deactivated"])
def test_a_step_of_a_key_mentions_its_owner_and_says_what_to_do(stage: str) -> None:
    said = words("", **{**KEY, "stage": stage})
    assert names(said, "AKIA1", "&lt;!here&gt; dora", "<@U1>", "never used", "Use old, or tag it.")
    assert "<@" not in words("", **{**KEY, "stage": stage, "owner_in_slack": "<!channel>"})


def test_a_key_that_is_back_is_news_only_where_its_owner_had_been_told() -> None:
    alive = {**KEY, "stage": "alive", "what_to_do": ""}
    assert words("", **{**alive, "before": "reported"}) == words("", **{**KEY, "stage": "reported"}) == ""
    assert names(words("", **{**alive, "before": "deactivated"}), "AKIA1", "deactivated")


def test_the_message_of_a_run_counts_keys_and_says_that_too_many_wanted_more() -> None:
    idle = {**RUN, "changes": {}}
    assert names(words("", **idle, keys={"deactivated": 2}), "2 deactivated")
    assert names(words("", **idle, key_budget={"wanted": 30, "limit": 20, "exceeded": True}), "30", "20")
