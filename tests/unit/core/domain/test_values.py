"""Ids, times, terms, roles and events."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.access.domain.terms import Terms, terms_from_annotations
from chalicelib.audit.domain.hash_chain import read
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.events import AuditEvent, Origin, to_json
from chalicelib.core.domain.ids import ID_LENGTH, new_id
from chalicelib.core.domain.roles import Role, external_id, switch_role_url
from chalicelib.core.domain.sessions import Credentials, Session
from chalicelib.core.domain.times import duration, from_rfc3339, rfc3339
from tests.wording import naming

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ALICE = Caller("user", "alice", "arn:aws:iam::123456789012:user/alice", "123456789012", "AIDA1")
ARN = "arn:aws:iam::123456789012:role/access-broker/ec2-full"
instants = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(instants, instants, st.binary(min_size=10, max_size=10))
def test_ids_sort_in_the_order_of_time(one: datetime, other: datetime, entropy: bytes) -> None:
    apart = abs(one - other) > timedelta(milliseconds=1)
    if apart:
        assert (new_id(one, entropy) < new_id(other, entropy)) == (one < other)
    assert len(new_id(one, entropy)) == ID_LENGTH


def test_ids_differ_when_only_the_entropy_does() -> None:
    assert new_id(NOW, b"a" * 10) != new_id(NOW, b"b" * 10)


@given(instants)
def test_an_instant_survives_being_written_down(at: datetime) -> None:
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert from_rfc3339(rfc3339(at)) == at


def test_an_instant_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        from_rfc3339("2026-11-23T12:00:00")


@pytest.mark.parametrize(
    ("text", "seconds"), [("15m", 900), ("1h", 3600), ("1h30m", 5400), ("2d", 172800), ("900s", 900)]
)
def test_durations_read_as_people_write_them(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "1", "h", "1x", "-1h", "1h 30m", "\N{ARABIC-INDIC DIGIT ONE}h", "1.5h"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        duration(text)


def test_terms_are_read_from_annotations() -> None:
    given_terms = {"id": "x", "max_duration": "30m", "approvals": "2", "reason": "required", "grant": "8h"}
    assert terms_from_annotations(given_terms) == Terms(
        approvals=2, reason_required=True, max_duration=timedelta(minutes=30), grant=timedelta(hours=8)
    )


@pytest.mark.parametrize(
    ("annotations", "named"),
    [
        ({"max_duraton": "1h"}, "@max_duraton"),
        ({"max_duration": "soon"}, "@max_duration"),
        ({"approvals": "two"}, "@approvals"),
        ({"approvals": "-1"}, "@approvals"),
        ({"approvals": "\N{ARABIC-INDIC DIGIT TWO}"}, "@approvals"),
        ({"reason": "optional"}, "@reason"),
    ],
)
def test_a_term_nobody_could_mean_is_refused(annotations: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=naming(named)):
        terms_from_annotations(annotations)


def test_a_description_is_no_term() -> None:
    assert terms_from_annotations({"id": "x", "description": "for the night shift"}) == Terms()


def test_the_external_id_ties_a_role_to_one_deployment() -> None:
    assert external_id("one", ARN) == external_id("one", ARN)
    assert len({external_id("one", ARN), external_id("two", ARN), external_id("one", ARN + "2")}) == 3


def test_a_role_that_a_user_may_assume_has_a_switch_role_link() -> None:
    role = Role("ec2-full", ARN, direct_users=("sts_user",))
    assert switch_role_url(role) == (
        "https://signin.aws.amazon.com/switchrole?account=123456789012&roleName=access-broker/ec2-full&displayName=ec2-full"
    )


def test_a_role_for_the_broker_alone_has_no_switch_role_link() -> None:
    assert switch_role_url(Role("ec2-full", ARN)) is None


@given(st.text())
def test_no_input_forges_a_second_line_in_the_log(reason: str) -> None:
    line = to_json(AuditEvent("1", "refuse", NOW, Origin(ALICE), role=reason, reason=reason))
    assert line.isprintable()
    assert line.isascii()
    assert json.loads(line)["reason"] == reason


LEAVES = st.text() | st.integers() | st.none() | st.booleans()
DETAILS = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


@given(DETAILS, st.sampled_from([0, 1, 1000, 20_000]))
def test_no_detail_is_too_long_to_be_logged(value: Any, times: int) -> None:
    why = "é" * times
    detail = {"code": "not_allowed", "why": why, "fields": {"é" * times: [value] * times}, "more": [value]}
    line = to_json(AuditEvent("0" * 26, "refuse", NOW, Origin(ALICE), detail=detail))
    told = read(line)["detail"]
    assert told["code"] == "not_allowed"
    assert told["why"][:60] == why[:60]
    assert (told == detail) is ("cut" not in told)


def test_a_long_detail_is_cut_no_more_than_it_must() -> None:
    tags = {f"{'é' * 120}{number}": "é" * 250 for number in range(46)}
    changes = [{"attribute": "tags", "before": None, "after": tags}, {"attribute": "trust", "after": "all of it"}]
    line = to_json(AuditEvent("0" * 26, "provision", NOW, Origin(ALICE), detail={"changes": changes}))
    told = json.loads(line)["detail"]
    assert len(line) < 110_000
    assert told["cut"] is True
    assert told["changes"][1] == changes[1]
    assert len(told["changes"][0]["after"]) == len(tags)


def test_an_event_of_a_type_nobody_reads_is_refused() -> None:
    with pytest.raises(ValueError, match=naming("isue")):
        AuditEvent("1", "isue", NOW, Origin(ALICE))


def test_credentials_show_nothing_secret() -> None:
    shown = repr(Credentials("ASIA1", NOW, "the-secret", "the-token"))
    assert "ASIA1" in shown
    assert "the-secret" not in shown
    assert "the-token" not in shown


def session(**changed: object) -> Session:
    fields = {
        "id": "s1", "caller": "alice", "caller_id": "AIDA1", "caller_arn": ALICE.arn, "role": "ec2-full",
        "role_arn": ARN, "session_name": "alice-s1", "source_identity": "alice",
        "issued_at": NOW, "expires_at": NOW + timedelta(hours=1),
    }  # fmt: skip
    return Session(**{**fields, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "after", "state"),
    [
        ({}, timedelta(0), "active"),
        ({}, timedelta(minutes=60), "expired"),
        ({"revoked_at": NOW}, timedelta(minutes=1), "revoked"),
        ({"revoked_at": NOW}, timedelta(minutes=61), "revoked"),
        ({"failed": True}, timedelta(minutes=1), "failed"),
    ],
)
def test_a_session_says_in_which_state_it_is(changed: dict[str, object], after: timedelta, state: str) -> None:
    assert session(**changed).state(NOW + after) == state
