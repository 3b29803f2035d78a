"""The expire function on moto: what is over is written down once, and unreviewed glass is counted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import boto3
import pytest

from chalicelib.access.aws.catalogue import role_to_row
from chalicelib.approvals.wiring import approval_records, overdue_closer
from chalicelib.core.domain.errors import AwsUnavailable
from chalicelib.core.wiring import clock
from chalicelib.sessions.handlers.expire_function import expire
from tests.adapters.approvals.test_api import PROD, WANTED
from tests.adapters.conftest import REGION, make_user


@pytest.fixture(autouse=True)
def roles(account: None) -> None:
    boto3.resource("dynamodb", REGION).Table("broker").put_item(Item=role_to_row(PROD))


def test_what_nobody_answered_and_what_ran_out_is_told_once(call, alice, rows) -> None:
    bob = make_user("bob", "approvers")
    waiting = call("POST", "/v1/requests", alice, WANTED)[1]["id"]
    agreed = call("POST", "/v1/requests", alice, WANTED)[1]["id"]
    call("POST", f"/mfa/v1/requests/{agreed}/approve", bob)
    later = clock() + timedelta(days=2)
    records = replace(approval_records(), clock=lambda: later)
    tomorrow = replace(overdue_closer(), records=records)
    assert tomorrow.run() == (1, 1)
    assert tomorrow.run() == (0, 0)
    told = [json.loads(row["event"]) for row in rows("") if "event" in row]
    assert {one["detail"]["request"] for one in told if one["type"] == "expire"} == {waiting, agreed}


def test_broken_glass_is_counted_until_it_is_reviewed(call, capsys) -> None:
    dave, bob = make_user("dave", "on-call"), make_user("bob", "approvers")
    body = {"role": "prod-ec2", "reason": "database is down", "break_glass": True}
    session = call("POST", "/mfa/v1/credentials", dave, body)[1]["session"]
    assert expire({}, None)["unreviewed"] == 1
    assert '"BreakGlassUnreviewed":[1' in capsys.readouterr().out.replace(" ", "")
    call("POST", f"/v1/sessions/{session['id']}/review", bob, {"comment": "seen"})
    assert expire({}, None)["unreviewed"] == 0


def test_broken_glass_is_counted_though_nothing_can_be_written_down(call, capsys, monkeypatch) -> None:
    dave = make_user("dave", "on-call")
    call("POST", "/mfa/v1/credentials", dave, {"role": "prod-ec2", "reason": "database is down", "break_glass": True})

    class Throttled:
        def run(self) -> tuple[int, int]:
            raise AwsUnavailable("throttled")

    monkeypatch.setattr("chalicelib.sessions.handlers.expire_function.overdue_closer", Throttled)
    with pytest.raises(AwsUnavailable):
        expire({}, None)
    assert '"BreakGlassUnreviewed":[1' in capsys.readouterr().out.replace(" ", "")
