"""The hash chain: every line in its place, and no change goes unseen."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.audit.domain.hash_chain import (
    GENESIS,
    MAX_EVENT_BYTES,
    MAX_LEVELS,
    Head,
    Unreadable,
    chain,
    digest,
    read,
)
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.events import AuditEvent, Origin, to_json
from chalicelib.core.domain.ids import new_id

NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
ALICE = Caller("user", "alice", "arn:aws:iam::123456789012:user/alice", "123456789012", "AIDA1")
EXAMPLE = Path("docs/audit-example.jsonl")


def event(number: int, **members: Any) -> dict[str, Any]:
    made = AuditEvent(new_id(NOW, number.to_bytes(10, "big")), "issue", NOW, Origin(ALICE), **members)
    document: dict[str, Any] = json.loads(to_json(made))
    return document


def lines(count: int, head: Head = GENESIS, now: datetime = NOW) -> list[dict[str, Any]]:
    return [json.loads(link.line) for link in chain([event(number) for number in range(count)], head, now)]


def test_a_chain_counts_from_one_and_each_line_names_the_one_before() -> None:
    found = lines(3)
    assert [line["seq"] for line in found] == [1, 2, 3]
    assert [line["previous"] for line in found] == ["0" * 64, found[0]["hash"], found[1]["hash"]]


def test_a_later_batch_goes_on_where_the_earlier_one_ended() -> None:
    first = chain([event(1)], GENESIS, NOW)
    second = chain([event(2)], first[-1].head, NOW)
    assert (second[0].seq, json.loads(second[0].line)["previous"]) == (2, first[0].hash)


def test_each_line_has_a_millisecond_of_its_own_even_when_the_clock_stands_or_goes_back() -> None:
    first = chain([event(1), event(2)], GENESIS, NOW)
    later = chain([event(3)], first[-1].head, NOW - timedelta(hours=1))
    times = [link.recorded_at for link in (*first, *later)]
    assert times == [times[0], times[0] + timedelta(milliseconds=1), times[0] + timedelta(milliseconds=2)]
    assert times[0].microsecond == 123000


def test_a_line_is_the_event_and_its_place_and_one_line_only() -> None:
    made = event(1, reason='two\nlines "and" \u2028 more')
    link = chain([made], GENESIS, NOW)[0]
    document = json.loads(link.line)
    assert {name: document[name] for name in made} == made
    assert set(document) - set(made) == {"recorded_at", "seq", "previous", "hash"}
    assert len(link.line.splitlines()) == 1
    assert link.line.isascii()


def broken_at(found: list[dict[str, Any]]) -> int | None:
    """The reader's rules of docs/audit.md, written down once more and on their own."""
    for place, line in enumerate(found):
        if digest(line) != line["hash"]:
            return place
        if place and (line["seq"], line["previous"]) != (found[place - 1]["seq"] + 1, found[place - 1]["hash"]):
            return place
    return None


@given(st.data())
def test_changing_dropping_or_swapping_lines_breaks_the_chain_there(data: st.DataObject) -> None:
    found = lines(6)
    assert broken_at(found) is None
    place = data.draw(st.integers(1, 4))
    change = data.draw(st.sampled_from(["reason", "role", "at", "drop", "swap", "rehash"]))
    if change == "drop":
        del found[place]
        assert broken_at(found) == place
    elif change == "swap":
        found[place], found[place + 1] = found[place + 1], found[place]
        assert broken_at(found) == place
    elif change == "rehash":
        found[place]["reason"] = "forged"
        found[place]["hash"] = digest(found[place])
        assert broken_at(found) == place + 1
    else:
        found[place][change] = "forged"
        assert broken_at(found) == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        '"text"',
        json.dumps({**event(1), "version": 3}),
        json.dumps({**event(1), "type": "invented"}),
        json.dumps({**event(1), "id": "short"}),
        json.dumps({**event(1), "id": event(1)["id"].upper()}),
        json.dumps({**event(1), "at": "yesterday"}),
        json.dumps({**event(1), "at": "2026-11-23T12:00:00"}),
        json.dumps({**event(1), "caller": None}),
        json.dumps({name: value for name, value in event(1).items() if name != "caller"}),
        json.dumps({**event(1), "reason": "x" * MAX_EVENT_BYTES}),
        json.dumps({**event(1), "reason": "é" * (MAX_EVENT_BYTES // 6)}, ensure_ascii=False),
        json.dumps({**event(1), "detail": "deep"}).replace('"deep"', "[" * MAX_LEVELS + "]" * MAX_LEVELS),
        json.dumps({**event(1), "detail": "deep"}).replace('"deep"', "[" * 20_000 + "]" * 20_000),
    ],
)
def test_what_is_no_event_is_unreadable_and_not_quoted(text: str) -> None:
    with pytest.raises(Unreadable) as why:
        read(text)
    assert len(str(why.value)) < 120


def test_an_event_as_deep_as_it_may_be_has_its_line() -> None:
    lists = "[" * (MAX_LEVELS - 1) + "]" * (MAX_LEVELS - 1)
    deepest = json.dumps({**event(1), "detail": "deep"}).replace('"deep"', lists)
    assert len(chain([read(deepest)], GENESIS, NOW)) == 1


def test_an_event_reads_as_it_was_written() -> None:
    assert read(json.dumps(event(1))) == event(1)


def test_the_documented_example_is_a_sound_chain_as_this_code_makes_it() -> None:
    documented = [json.loads(line) for line in EXAMPLE.read_text().splitlines()]
    place = {"recorded_at", "seq", "previous", "hash"}
    events = [{name: value for name, value in line.items() if name not in place} for line in documented]
    made = chain(events, GENESIS, datetime.fromisoformat(documented[0]["recorded_at"]))
    assert [json.loads(link.line) for link in made] == documented
