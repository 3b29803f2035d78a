"""The access report over HTTP on moto: the facts it reads, and the same answers as POST /v1/explain."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from bench.month import GROUPS, TEAMS, WEIGHTS, roles
from chalicelib.access.aws.catalogue import role_to_row
from chalicelib.core.aws import rows as table_rows
from chalicelib.core.aws.clients import client
from policytool.access_report import report
from tests.adapters.conftest import ACCOUNT, make_user

PAIRS = 500


@pytest.fixture
def facts(call, account: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The facts of a report on 40 people and 60 roles; `axel` may read the audit and ask for others."""
    from chalicelib.directory.handlers.function import directory  # noqa: PLC0415  needs the environment

    monkeypatch.setenv("BROKER_ROLE_ARN", f"arn:aws:iam::{ACCOUNT}:role/broker-api")
    monkeypatch.setenv("BROKER_BOUNDARY_ARN", f"arn:aws:iam::{ACCOUNT}:policy/boundary")
    monkeypatch.setenv("BROKER_PROVISION_FUNCTION", "provision")
    chance = Random(5)  # noqa: S311  repeatable
    for number in range(40):
        team = chance.choice(TEAMS)
        make_user(f"person-{number}", *chance.choices(GROUPS, WEIGHTS)[0], **({"team": team} if team else {}))
    for role in roles(60, chance):
        table_rows.put(client("dynamodb"), "broker", role_to_row(role))
    axel = make_user("axel", "broker-administrators", "auditors")
    tick = {"version": "0", "id": "1", "account": "", "region": "", "time": "", "source": "", "detail-type": ""}
    directory({**tick, "resources": [], "detail": {}}, None)
    callers = every(call, axel, "/v1/callers", "callers")
    return {"axel": axel, "callers": callers, "roles": every(call, axel, "/v1/catalogue", "roles")}


def every(call: Any, who: dict[str, str], path: str, name: str) -> list[dict[str, Any]]:
    found, cursor = [], None
    while True:
        query = {"limit": "25", **({"cursor": cursor} if cursor else {})}
        page = call("GET", path, who, query=query)[1]
        found += page[name]
        cursor = page["next_cursor"]
        if not cursor:
            return found


def test_the_matrix_says_what_explain_says(call, facts: dict[str, Any]) -> None:
    told = report(Path("policies"), facts)
    chance, users = Random(6), [one for one in told["callers"] if one["kind"] == "user"]  # noqa: S311  repeatable
    for _ in range(PAIRS):
        caller, role = chance.choice(users), chance.choice(told["roles"])
        cell = told["cells"].get(f"{caller['class']},{role['class']}") or {}
        asked = {"caller": caller["name"], "role": role["name"], "reason": "why", "mfa": True}
        status, document, _ = call("POST", "/v1/explain", facts["axel"], asked)
        assert status == 200, document
        layers = {layer["layer"]: layer for layer in document["layers"]}
        rule, grant = layers["access_rule"], layers["grant"]
        if rule["verdict"] == "closed":
            assert cell.get("access") in {None, "break_glass"}, (cell, rule)
            continue
        assert (cell["rule"], cell["access"] == "approval") == (rule["by"], grant["verdict"] == "closed"), asked


def test_the_catalogue_is_not_for_everybody(call, alice: dict[str, str], rows: Any) -> None:
    assert call("GET", "/v1/catalogue", alice)[0] == 403
    assert len(rows("EVENT#")) == 1
