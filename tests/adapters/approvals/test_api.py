"""Asking and approving over HTTP on moto: terms, forms, sight, and many clicks at once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from chalicelib.access.aws.catalogue import role_to_row
from chalicelib.access.aws.sights_table import facts_to_row
from chalicelib.access.domain.facts import Facts
from chalicelib.approvals import wiring
from chalicelib.approvals.aws import requests_table
from chalicelib.core.domain.roles import Role
from tests.adapters.conftest import ACCOUNT, REGION, make_user
from tests.adapters.provisioning.test_api import LambdaInProcess, invoked
from tests.wording import names

__all__ = ["LambdaInProcess", "invoked"]

PROD = Role(
    "prod-ec2",
    f"arn:aws:iam::{ACCOUNT}:role/access-broker/prod-ec2",
    tags={"access-broker:audience": "production"},
)
WANTED = {"role": "prod-ec2", "duration_seconds": 7200, "reason": "deploy 1.2"}


@pytest.fixture(autouse=True)
def roles(account: None) -> None:
    boto3.resource("dynamodb", REGION).Table("broker").put_item(Item=role_to_row(PROD))


@pytest.fixture
def bob(account: None) -> dict[str, str]:
    return make_user("bob", "approvers")


def test_ask_approve_and_take_are_joined_by_one_id(call, alice, bob, rows) -> None:
    status, request, _ = call("POST", "/v1/requests", alice, WANTED)
    assert (status, request["state"], request["approvals"]) == (201, "pending", 1)
    status, approved, _ = call("POST", f"/mfa/v1/requests/{request['id']}/approve", bob, {"comment": "go ahead"})
    assert (status, approved["state"], approved["grant"]["state"]) == (200, "approved", "active")
    assert [(one["decision"], one["by"], one["comment"]) for one in approved["decisions"]] == [
        ("approve", "bob", "go ahead"),
    ]
    status, taken, _ = call("POST", "/v1/credentials", alice, {"role": "prod-ec2"})
    assert (status, taken["session"]["grant"]) == (201, request["id"])
    events = [json.loads(row["event"]) for row in rows("") if "event" in row]
    assert {event["type"]: event["detail"]["request"] for event in events} == {
        "decide": request["id"],
        "issue": request["id"],
    }
    assert call("GET", "/v1/roles/prod-ec2", alice)[1]["active_grant"] == request["id"]


def test_who_waits_is_told_who_could_approve_and_that_too_few_could(call, alice, bob) -> None:
    filed = call("POST", "/v1/requests", alice, WANTED)[1]
    assert filed["approvers"] == {"groups": ["approvers", "sso/BrokerApprovers"], "enough": None}
    table = boto3.resource("dynamodb", REGION).Table("broker")
    for name, groups in (("alice", ("engineers", "approvers")), ("bob", ())):
        identity = {"alice": alice, "bob": bob}[name]
        table.put_item(Item=facts_to_row(Facts(identity["user"], "user", name, identity["userArn"], groups)))
    assert call("GET", f"/v1/requests/{filed['id']}", alice)[1]["approvers"]["enough"] is False
    table.put_item(Item=facts_to_row(Facts(bob["user"], "user", "bob", bob["userArn"], ("approvers",))))
    assert call("GET", f"/v1/requests/{filed['id']}", alice)[1]["approvers"]["enough"] is True
    assert "approvers" not in call("POST", f"/mfa/v1/requests/{filed['id']}/approve", bob)[1]


def test_a_list_says_which_grants_were_ended(call, alice, bob, invoked: LambdaInProcess) -> None:
    filed = call("POST", "/v1/requests", alice, WANTED)[1]
    call("POST", f"/mfa/v1/requests/{filed['id']}/approve", bob)
    assert call("GET", "/v1/requests", alice)[1]["requests"][0]["grant"]["state"] == "active"
    assert call("DELETE", f"/v1/grants/{filed['id']}", alice)[0] == 200
    assert call("GET", "/v1/requests", alice)[1]["requests"][0]["grant"]["state"] == "ended"


def test_a_role_one_has_no_say_in_is_listed_as_one_that_is_not_there(call, alice, bob, monkeypatch) -> None:
    monkeypatch.setattr(requests_table, "READ_AT_MOST", 1)
    filed = call("POST", "/v1/requests", alice, WANTED)[1]
    carol = make_user("carol")
    for name in (PROD.name, "absent"):
        for query in ({"role": name}, {"role": name, "caller": "alice"}):
            status, document, _ = call("GET", "/v1/requests", carol, query=query)
            assert (status, document) == (200, {"requests": [], "next_cursor": None})
    for who in (alice, bob):
        _, document, _ = call("GET", "/v1/requests", who, query={"role": PROD.name})
        assert [one["id"] for one in document["requests"]] == [filed["id"]]


@pytest.mark.parametrize("start", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z"])
def test_a_start_at_the_ends_of_the_calendar_is_refused_by_field(call, alice, start: str) -> None:
    status, document, _ = call("POST", "/v1/requests", alice, {**WANTED, "not_before": start})
    assert (status, document["code"], list(document["fields"])) == (400, "invalid_request", ["not_before"])


def test_fifty_simultaneous_clicks_end_in_exactly_one_decision(call, alice, rows) -> None:
    people = [make_user(f"approver-{number}", "approvers") for number in range(10)]
    _, request, _ = call("POST", "/v1/requests", alice, WANTED)
    for one in people:
        call("GET", "/v1/whoami", one)

    from chalicelib.core.domain.errors import Conflict  # noqa: PLC0415
    from tests.adapters.approvals.origins import origin_of  # noqa: PLC0415

    def click(number: int) -> str:
        word: Any = "approve" if number % 2 else "deny"
        try:
            return (
                wiring.request_decisions()
                .record_decision(request["id"], word, "", origin_of(people[number % 10]))
                .state
            )
        except Conflict as late:
            return late.detail

    with ThreadPoolExecutor(50) as clicks:
        answers = list(clicks.map(click, range(50)))
    [row] = [row for row in rows("REQUEST#") if row["sk"] == "REQUEST"]
    assert len(row["decisions"]) == 1
    assert row["version"] == 2
    assert len(rows("GRANT#")) == (1 if row["state"] == "approved" else 0)
    assert row["state"] in answers
    late = [answer for answer in answers if answer != row["state"]]
    assert all(f"was {row['state']} by {row['decisions'][0]['by']}" in answer for answer in late)


def test_nobody_approves_their_own(call, rows) -> None:
    dora = make_user("dora", "engineers", "approvers")
    _, request, _ = call("POST", "/v1/requests", dora, WANTED)
    status, document, _ = call("POST", f"/mfa/v1/requests/{request['id']}/approve", dora, {})
    assert (status, document["code"]) == (403, "not_allowed")
    assert [json.loads(row["event"])["detail"]["request"] for row in rows("EVENT#")] == [request["id"]]


def test_a_decision_needs_no_body_and_a_late_one_hears_what_happened(call, alice, bob) -> None:
    _, request, _ = call("POST", "/v1/requests", alice, WANTED)
    assert call("POST", f"/v1/requests/{request['id']}/deny", bob)[1]["state"] == "denied"
    status, document, _ = call("POST", f"/mfa/v1/requests/{request['id']}/approve", bob, {})
    assert (status, document["code"]) == (409, "conflict")
    assert names(document["detail"], request["id"], "denied", "bob")


def test_lists_show_what_one_may_see_by_every_filter(call, alice, bob) -> None:
    ids = [call("POST", "/v1/requests", alice, WANTED)[1]["id"] for _ in range(3)]
    call("POST", f"/v1/requests/{ids[0]}/cancel", alice, {"comment": "not needed"})
    for query in ({}, {"caller": "alice"}, {"role": "prod-ec2"}):
        for who in (alice, bob):
            found = call("GET", "/v1/requests", who, query=query)[1]["requests"]
            assert [one["id"] for one in found] == ids[::-1]
    waiting = call("GET", "/v1/requests", bob, query={"state": "pending"})[1]["requests"]
    assert [one["id"] for one in waiting] == [ids[2], ids[1]]
    assert call("GET", "/v1/requests", make_user("carol"))[1]["requests"] == []
    first = call("GET", "/v1/requests", bob, query={"limit": "2"})[1]
    rest = call("GET", "/v1/requests", bob, query={"limit": "2", "cursor": first["next_cursor"]})[1]
    assert [one["id"] for one in first["requests"] + rest["requests"]] == ids[::-1]


def test_what_nobody_answered_in_time_is_listed_as_expired_before_and_after_it_is_written_down(
    call, alice, bob
) -> None:
    ids = [call("POST", "/v1/requests", alice, WANTED)[1]["id"] for _ in range(3)]
    for one in ids:
        boto3.resource("dynamodb", REGION).Table("broker").update_item(
            Key={"pk": f"REQUEST#{one}", "sk": "REQUEST"},
            UpdateExpression="SET answer_by = :gone",
            ExpressionAttributeValues={":gone": "2026-01-01T00:00:00Z"},
        )
    written_down = wiring.requests().get(ids[1])
    assert written_down
    wiring.overdue_closer().request(written_down)
    fresh = call("POST", "/v1/requests", alice, WANTED)[1]["id"]

    def listed(**query: str) -> list[str]:
        return [one["id"] for one in call("GET", "/v1/requests", bob, query=query)[1]["requests"]]

    assert listed(state="expired") == ids[::-1]
    assert listed(state="expired", role="prod-ec2") == ids[::-1]
    assert listed(state="pending") == [fresh]
    first = call("GET", "/v1/requests", bob, query={"state": "expired", "limit": "2"})[1]
    assert listed(state="expired", cursor=first["next_cursor"]) == ids[:1]


def test_a_request_of_others_answers_as_one_that_is_not_there(call, alice) -> None:
    carol, absent = make_user("carol"), "0" * 26
    _, request, _ = call("POST", "/v1/requests", alice, WANTED)
    seen = [call("GET", f"/v1/requests/{one}", carol) for one in (request["id"], absent)]
    assert [answer[0] for answer in seen] == [404, 404]
    assert seen[0][1]["detail"].replace(request["id"], "X") == seen[1][1]["detail"].replace(absent, "X")


def test_filing_again_with_the_same_key_files_nothing(call, alice, rows) -> None:
    headers = {"idempotency-key": "deploy-1.2"}
    answers = [call("POST", "/v1/requests", alice, WANTED, headers=headers) for _ in range(2)]
    assert answers[0][1]["id"] == answers[1][1]["id"]
    assert len([row for row in rows("REQUEST#") if row["sk"] == "REQUEST"]) == 1
    later = (datetime.now(UTC) + timedelta(days=5)).isoformat()
    for other in ({**WANTED, "duration_seconds": 3600}, {**WANTED, "not_before": later}):
        assert call("POST", "/v1/requests", alice, other, headers=headers)[0] == 409


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "role"),
        ({**WANTED, "duration_seconds": 1799}, "duration_seconds"),
        ({**WANTED, "duration_seconds": 8 * 3600 + 1}, "duration_seconds"),
        ({**WANTED, "not_before": "2026-01-01T00:00:00"}, "not_before"),
        ({**WANTED, "not_before": "2020-01-01T00:00:00Z"}, "not_before"),
        ({**WANTED, "on_behalf_of": "a/b"}, "on_behalf_of"),
        ({**WANTED, "approvals": 0}, "approvals"),
        ({**WANTED, "reason": "x" * 1001}, "reason"),
    ],
)
def test_bad_input_is_refused_by_field(call, alice, rows, body: dict[str, Any], field: str) -> None:
    status, document, _ = call("POST", "/v1/requests", alice, body)
    assert (status, list(document["fields"])) == (400, [field])
    assert rows("REQUEST#") == []


def test_broken_glass_is_open_until_another_reviews_it(call, bob, rows) -> None:
    dave = make_user("dave", "on-call")
    body = {"role": "prod-ec2", "reason": "database is down", "break_glass": True}
    status, taken, _ = call("POST", "/mfa/v1/credentials", dave, body)
    session = taken["session"]
    assert (status, session["break_glass"], session["review"]) == (201, True, {"state": "open"})
    [review] = [row for row in rows("SESSION#") if row["sk"] == "REVIEW"]
    assert review["group_key"] == "REVIEW#open"
    path = f"/v1/sessions/{session['id']}/review"
    assert call("POST", path, dave, {"comment": "fine"})[0] == 403
    assert call("POST", path, bob, {"comment": "  "})[0] == 400
    status, reviewed, _ = call("POST", path, bob, {"comment": "looked at every call"})
    assert (status, reviewed["review"]["state"], reviewed["review"]["by"]) == (200, "done", "bob")
    [review] = [row for row in rows("SESSION#") if row["sk"] == "REVIEW"]
    assert "group_key" not in review
    assert call("POST", path, bob, {"comment": "again"})[0] == 409
