"""Reports at a terminal, as CSV, as JSON and as a page: right numbers, and nothing of a name is run."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from access_broker.reports.access import differences, last_used, rows
from access_broker.reports.page import page
from access_broker.reports.sessions import SessionReport
from access_broker.reports.tables import csv_lines

CHECKOUT = Path(__file__).parents[3]
EVIL = "</script><img src=x onerror=alert(1)>"
STANDING = {"access": "standing", "rule": "r", "approvals": 0, "reason": False, "mfa": False, "max_seconds": 3600}


def report(*cells: str, **members: Any) -> dict[str, Any]:
    callers = [
        {"name": name, "kind": "user", "groups": [], "suspended": False, "class": at} for at, name in enumerate("ab")
    ]
    roles = [{"name": name, "quarantined": False, "class": at} for at, name in enumerate("xy")]
    found = dict.fromkeys(cells, STANDING)
    return {"policy_set": "0" * 64, "callers": callers, "roles": roles, "cells": found, **members}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1", "|x"])
def test_no_cell_of_a_csv_is_a_formula(name: str) -> None:
    lines = "\n".join(csv_lines(("caller",), [(name,)]))
    [_, [cell]] = csv.reader(io.StringIO(lines, newline=""))
    assert cell.lstrip(" ")[0] not in "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
    assert cell.removeprefix("'") == name


def test_no_name_becomes_markup_or_a_script_of_a_page() -> None:
    found = report("0,0")
    found["callers"][0]["name"] = found["roles"][0]["name"] = EVIL + "\u2028"
    html = page(EVIL, EVIL, [(EVIL, [(EVIL, 1)])], found)
    assert (html.count("<script"), html.count("</script>"), "<img" in html, "\u2028" in html) == (2, 2, False, False)
    data = re.search(r'id="data">(.*?)</script>', html, re.DOTALL)
    assert data
    assert json.loads(data[1])["matrix"]["callers"][0]["name"] == EVIL + "\u2028"


def test_a_page_runs_its_own_script_alone() -> None:
    html = page("t", "a", [])
    assert "default-src 'none'" in html
    assert not re.search(r"HASH|https?:|<link|src=", html.split("<script")[0])


def test_differences_are_told_pair_by_pair() -> None:
    before, now = report("0,0", "0,1"), report("0,1", "1,1")
    now["cells"]["0,1"] = {**STANDING, "max_seconds": 900}
    found = differences(before, now)
    told = {kind: [(one["caller"], one["role"]) for one in changed] for kind, changed in found.items()}
    assert told == {"gained": [("b", "y")], "lost": [("a", "x")], "changed": [("a", "y")]}


def test_a_row_says_when_the_caller_last_took_the_role() -> None:
    events = [{"caller": {"name": "a"}, "role": "x", "at": at} for at in ("2026-01-02", "2026-01-03", "2026-01-01")]
    [row] = rows(report("0,0", last_used=last_used(events)))
    assert (row[:4], row[-1]) == (("a", "x", "standing", "r"), "2026-01-03")


def event(kind: str, caller: str = "alice", at: str = "2026-11-23T12:00:00.000Z", **members: Any) -> dict[str, Any]:
    usual = {
        "type": kind,
        "caller": {"name": caller},
        "at": at,
        "role": "ec2",
        "session": "",
        "reason": "",
        "detail": {},
    }
    return {**usual, **members}


EVENTS = [
    event("issue", session="s1", decision={"role": {"arn": "arn:aws:iam::123456789012:role/x"}}),
    event("issue", "bob", "2026-11-23T13:00:00.000Z", session="s2", detail={"break_glass": True}, reason="fire"),
    event("review", "eve", "2026-11-23T14:00:00.000Z", session="s2"),
    event("revoke", "rita", "2026-11-23T12:10:00.000Z", detail={"sessions": ["s1", "unknown"]}),
    event("refuse", "carol", detail={"code": "not_allowed"}),
    {"unreadable": "x"},
]


def test_sessions_are_counted_by_what_they_are() -> None:
    found = SessionReport().take(EVENTS).document()
    assert (found["sessions"], found["by_person"], found["by_role"]) == (2, {"alice": 1, "bob": 1}, {"ec2": 2})
    assert (found["by_hour_utc"], found["by_account"]) == (
        {"12:00": 1, "13:00": 1}, {"123456789012": 1, "unknown": 1}
    )  # fmt: skip
    assert (found["refused"], found["refused_by_person"]) == ({"not_allowed": 1}, {"carol": 1})
    assert [(one["caller"], one["reviewed_by"]) for one in found["break_glass"]] == [("bob", "eve")]
    assert (found["revocations"]["count"], found["revocations"]["median_seconds"]) == (1, 600)


@pytest.mark.parametrize("form", ["table", "csv", "json", "html"])
def test_the_session_report_has_four_forms(alice, contract, form: str) -> None:
    contract.answers["GET", "/api/v1/audit"] = {"events": EVENTS, "next_cursor": None}
    done = alice.run("report", "sessions", "--since", "7d", "--format", form)
    assert (done.returncode, "carol" in done.stdout) == (0, True)
    assert done.stdout.startswith(
        {"table": "section\tname", "csv": "section,name", "json": "{", "html": "<!doctype"}[form]
    )


def facts(contract: Any) -> None:
    known: dict[str, Any] = {
        "name": "alice",
        "kind": "user",
        "arn": "arn:aws:iam::123456789012:user/alice",
        "groups": ["engineers"],
    }
    known |= {"tags": {}, "suspended": False, "as_of": None}
    role: dict[str, Any] = {
        "name": "ec2-full",
        "arn": "arn:aws:iam::123456789012:role/access-broker/ec2-full",
        "tier": "workload",
    }
    role |= {"tags": {"access-broker:audience": "engineers"}, "max_session_seconds": 3600, "quarantined": False}
    contract.answers["GET", "/api/v1/callers"] = {"callers": [known], "next_cursor": None}
    contract.answers["GET", "/api/v1/catalogue"] = {"roles": [role], "next_cursor": None}
    contract.answers["GET", "/api/v1/audit"] = {"events": [event("issue", role="ec2-full")], "next_cursor": None}


def test_the_access_report_is_decided_in_a_checkout(alice, contract) -> None:
    facts(contract)
    for name in ("policytool", "chalicelib", "policies", ".venv"):
        (alice.home / name).symlink_to(CHECKOUT / name)
    done = alice.run("report", "access", "--format", "csv")
    [_, row] = csv.reader(io.StringIO(done.stdout))
    assert (row[0], row[1], row[2], row[3], row[-1]) == (
        "alice", "ec2-full", "standing", "engineers-standing", "2026-11-23T12:00:00.000Z"
    )  # fmt: skip
    (alice.home / "now.json").write_text(alice.run("report", "access", "--json").stdout)
    again = alice.run("report", "access", "--facts", "now.json", "--format", "csv")
    assert again.stdout == done.stdout
    assert "No difference" in alice.run("report", "access", "--facts", "now.json", "--against", "now.json").stderr


def test_a_file_that_is_no_report_is_refused(alice) -> None:
    (alice.home / "x.json").write_text("[]")
    done = alice.run("report", "access", "--facts", "x.json")
    assert (done.returncode, "no access report" in done.stderr) == (2, True)
