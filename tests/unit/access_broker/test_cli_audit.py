"""The audit log at a terminal, and the check of its chain."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from access_broker.audit_chain import PAUSES, Broken, Chain, verified

CHECKOUT = Path(__file__).parents[3]


def chain(count: int, ends: timedelta = timedelta(days=1)) -> list[dict[str, Any]]:
    """A sound chain of events a second apart, as GET /v1/audit answers it; the last one is so long ago."""
    lines: list[dict[str, Any]] = []
    for number in range(1, count + 1):
        moment = datetime.now(UTC) - ends - timedelta(seconds=count - number)
        at = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"version": 1, "id": f"e{number}", "type": "issue", "at": at, "recorded_at": at, "seq": number}
        line |= {"caller": {"name": "alicé"}, "previous": lines[-1]["hash"] if lines else "0" * 64}
        canonical = json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        lines.append({**line, "hash": hashlib.sha256(canonical.encode()).hexdigest(), "logged_at": at})
    return lines


def logged(contract: Any, lines: list[dict[str, Any]], head: dict[str, Any]) -> None:
    contract.answers["GET", "/api/v1/audit"] = {"events": lines, "next_cursor": None}
    end = {name: head[name] for name in ("seq", "hash", "recorded_at")}
    contract.answers["GET", "/api/v1/audit/head"] = {**end, "retention_days": 400}


def test_audit_lists_events_and_passes_filters_on(alice, contract):
    logged(contract, chain(2), chain(2)[-1])
    done = alice.run("audit", "--caller", "alice", "--type", "issue")
    assert "alicé" in done.stdout
    assert (contract.seen[0].query["caller"], contract.seen[0].query["type"]) == ("alice", "issue")


def test_a_sound_chain_verifies(alice, contract):
    lines = chain(5)
    logged(contract, lines, lines[-1])
    done = alice.run("audit", "verify", "--json")
    assert json.loads(done.stdout) == {"events": 5, "first": 1, "last": 5, "sound": True}


def test_a_repeated_line_is_no_break(alice, contract):
    lines = chain(3)
    logged(contract, [*lines[:2], lines[1], lines[2]], lines[-1])
    assert alice.run("audit", "verify").returncode == 0


def changed(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [lines[0], {**lines[1], "type": "refuse"}, *lines[2:]]


def swapped(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    first, second = lines[1], lines[2]
    return [
        lines[0],
        {**second, "logged_at": first["logged_at"]},
        {**first, "logged_at": second["logged_at"]},
        *lines[3:],
    ]


def without_number(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name != "seq"}


BREAKS = {
    "changed": (changed, "content was changed"),
    "dropped": (lambda lines: [*lines[:2], *lines[3:]], "1 are missing"),
    "swapped": (swapped, "stands elsewhere"),
    "dropped at the end": (lambda lines: lines[:-1], "at the end are missing"),
    "dropped at the beginning": (lambda lines: lines[1:], "begins with event 2"),
    "all but the last dropped": (lambda lines: lines[-1:], "begins with event 5"),
    "all dropped": (lambda _lines: [], "at the end are missing"),
    "unreadable": (lambda lines: [*lines[:2], {"unreadable": "x", "logged_at": "y"}, *lines[3:]], "not an event"),
    "no number": (lambda lines: [*lines[:2], without_number(lines[2]), *lines[3:]], "not an event"),
    "no such number": (lambda lines: [*lines[:2], {**lines[2], "seq": "x"}, *lines[3:]], "not an event"),
}


@pytest.mark.parametrize(("tamper", "words"), BREAKS.values(), ids=BREAKS.keys())
def test_a_tampered_log_is_found_and_the_first_break_named(alice, contract, tamper, words):
    lines = chain(5)
    logged(contract, tamper(lines), lines[-1])
    done = alice.run("audit", "verify")
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stdout == ""


def copied(lines: list[dict[str, Any]], at: str) -> dict[str, Any]:
    return {**lines[0], "logged_at": at}


def of_another(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """A line that is sound in itself, with the number of the next event, and follows none of ours."""
    line = {**lines[2], "id": "forged", "previous": "f" * 64}
    hashed = {name: value for name, value in line.items() if name not in {"hash", "logged_at"}}
    canonical = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return {**line, "hash": hashlib.sha256(canonical.encode()).hexdigest()}


FOREIGN = {
    "text": (lambda _lines: {"unreadable": "hello", "logged_at": "now"}, "is not an event"),
    "a copy": (lambda lines: copied(lines, "later"), "stands elsewhere"),
    "an event again": (lambda lines: lines[0], "out of order"),
    "a changed copy": (lambda lines: {**lines[1], "type": "revoke"}, "content was changed"),
    "an event of its own": (of_another, "does not follow"),
}


@pytest.mark.parametrize(("make", "words"), FOREIGN.values(), ids=FOREIGN.keys())
@pytest.mark.parametrize("place", [2, 5])
def test_a_foreign_line_is_reported_and_the_check_goes_on(alice, contract, make, words, place):
    lines = chain(5)
    if place == 5 and words == "does not follow":
        words = "out of order"
    logged(contract, [*lines[:place], make(lines), *lines[place:]], lines[-1])
    done = alice.run("audit", "verify")
    assert done.returncode == 1
    assert "own chain is whole, events 1 to 5" in done.stderr
    assert words in done.stderr


def test_a_dropped_event_is_found_behind_a_foreign_line(alice, contract):
    lines = chain(5)
    logged(contract, [*lines[:2], {"unreadable": "hello", "logged_at": "now"}, *lines[3:]], lines[-1])
    done = alice.run("audit", "verify")
    assert done.returncode == 1
    assert "The chain breaks after event 2" in done.stderr


def test_a_line_forged_after_the_last_one_is_found_against_the_head(alice, contract):
    lines = chain(6)
    logged(contract, lines, lines[4])
    done = alice.run("audit", "verify")
    assert (done.returncode, "forged" in done.stderr) == (1, True)


def test_lines_older_than_the_retention_may_be_gone_and_there_may_be_none_since_then(alice, contract):
    lines = chain(3, ends=timedelta(days=399))
    logged(contract, lines[1:], lines[-1])
    assert alice.run("audit", "verify").returncode == 0
    logged(contract, [], lines[-1])
    assert alice.run("audit", "verify").returncode == 0


def test_from_a_time_on_the_first_line_is_taken_as_it_is_and_there_may_be_none(alice, contract):
    lines = chain(3)
    logged(contract, lines[1:], lines[-1])
    assert alice.run("audit", "verify", "--since", "2d").returncode == 0
    logged(contract, [], lines[-1])
    assert alice.run("audit", "verify", "--since", "1h").returncode == 0
    done = alice.run("audit", "verify", "--since", "2d")
    assert (done.returncode, "at the end are missing" in done.stderr) == (1, True)


@dataclass
class BusyLog:
    """A broker whose log gets its lines late: one list of lines for every look, the last one again and again.

    `head` moves the same way where it is a list.
    """

    head: dict[str, Any] | list[dict[str, Any]]
    looks: list[list[dict[str, Any]]]
    asked: list[str] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    def get(self, *_path: str) -> dict[str, Any]:
        heads = self.head if isinstance(self.head, list) else [self.head]
        return {**(heads.pop(0) if len(heads) > 1 else heads[0]), "retention_days": 400}

    def items(self, _name: str, *_path: str, since: str) -> Iterator[dict[str, Any]]:
        self.asked.append(since)
        lines = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        return (line for line in lines if since <= line["recorded_at"])

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)


def check(log: BusyLog) -> Chain:
    return verified(cast("Any", log), None, datetime.now(UTC), lambda _count: None)


@pytest.mark.parametrize("on_the_way", [0, 2, 4])
def test_what_is_missing_beside_a_young_line_is_looked_for_again_from_the_last_good_one(on_the_way):
    lines = chain(5, ends=timedelta())
    log = BusyLog(lines[-1], [[*lines[:on_the_way], *lines[on_the_way + 1 :]], lines])
    assert check(log).count == 5
    assert log.waited == [1.0]
    assert log.asked[1] == (lines[on_the_way - 1]["recorded_at"] if on_the_way else log.asked[0])


def test_what_does_not_arrive_is_missing_in_the_end():
    lines = chain(5, ends=timedelta())
    log = BusyLog(lines[-1], [[*lines[:2], *lines[3:]]])
    with pytest.raises(Broken, match="1 are missing before it"):
        check(log)
    assert log.waited == list(PAUSES)


def test_what_is_missing_beside_an_old_line_is_not_waited_for():
    lines = chain(5, ends=timedelta(minutes=11))
    log = BusyLog(lines[-1], [[*lines[:2], *lines[3:]]])
    with pytest.raises(Broken):
        check(log)
    assert log.waited == []


def test_a_log_that_is_always_a_little_behind_its_head_is_sound():
    lines = chain(9, ends=timedelta())
    log = BusyLog(lines[2:], [lines[: 3 + look] for look in range(6)])
    assert check(log).count >= 3
    assert log.waited == []


def test_a_gap_past_the_head_is_the_next_checks_matter():
    lines = chain(5, ends=timedelta())
    log = BusyLog([lines[2], lines[4]], [[*lines[:3], lines[4]]])
    assert check(log).last == 3


def test_a_replaced_event_is_found_though_the_chain_went_on():
    lines = chain(5, ends=timedelta())
    log = BusyLog([{**lines[2], "hash": "f" * 64}, lines[4]], [lines])
    with pytest.raises(Broken, match="Event 3 is not the one"):
        check(log)


def test_a_replaced_last_event_is_found_against_the_head(alice, contract):
    lines = chain(3)
    logged(contract, lines, {**lines[-1], "hash": "f" * 64})
    done = alice.run("audit", "verify")
    assert (done.returncode, "replaced" in done.stderr) == (1, True)


def test_the_example_of_the_documentation_is_a_sound_chain(alice, contract):
    lines = [json.loads(line) for line in (CHECKOUT / "docs" / "audit-example.jsonl").read_text().splitlines()]
    logged(contract, [{"logged_at": line["recorded_at"], **line} for line in lines], lines[-1])
    done = alice.run("audit", "verify", "--json")
    assert json.loads(done.stdout)["events"] == len(lines) > 1


def test_a_replay_decides_what_the_api_answers(alice, contract):
    lines = [json.loads(line) for line in (CHECKOUT / "docs" / "audit-example.jsonl").read_text().splitlines()]
    logged(contract, lines, lines[-1])
    for name in ("policytool", "chalicelib", "policies", ".venv"):
        (alice.home / name).symlink_to(CHECKOUT / name)
    done = alice.finish("policy", "replay", "--since", "30d", "--json")
    told = json.loads(done.stdout)
    assert (told["events"], told["replayed"], told["not_replayed"]) == (6, 2, {"version_1": 2})
    assert contract.seen[0].query["since"] < datetime.now(UTC).isoformat()
