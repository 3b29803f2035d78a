"""Templates that name accounts: one role for each, and an account that is not served costs the others nothing."""

import json
from typing import Any
from urllib.parse import quote

import pytest

ROWS = [
    {"id": "000000000001", "alias": "", "state": "home", "ou_path": "/", "tags": {}, "reason": ""},
    {"id": "111111111111", "alias": "dev", "state": "joined", "ou_path": "/Work/Dev", "tags": {"env": "dev"},
     "reason": ""},
    {"id": "222222222222", "alias": "prod", "state": "joined", "ou_path": "/Work/Prod", "tags": {"env": "prod"},
     "reason": ""},
    {"id": "333333333333", "alias": "old", "state": "unreachable", "ou_path": "/Work", "tags": {"env": "dev"},
     "reason": "it has not joined"},
]  # fmt: skip
DEV, PROD = "111111111111:tool", "222222222222:tool"


def answered(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "switch_role_url": None,
        "not_switchable_because": "",
        "warnings": [],
        "changes": [],
    }


@pytest.fixture
def apply(alice, contract):
    """Apply a template with these accounts; answers the outcome and the roles that were put."""
    contract.answers["GET", "/api/v1/accounts"] = {"accounts": ROWS, "next_cursor": None}
    for name in (DEV, PROD, "tool"):
        contract.answers["PUT", f"/api/v1/roles/{quote(name, safe='')}"] = answered(name)
        contract.answers["PUT", f"/api/v1/roles/{name}"] = answered(name)

    def run(*accounts):
        path = alice.home / "tool.yaml"
        path.write_text(f"name: tool\nmanaged_policies: [ReadOnlyAccess]\naccounts: {json.dumps(accounts)}\n")
        outcome = alice.run("roles", "apply", str(path))
        bodies = [seen.body for seen in contract.seen if seen.method == "PUT"]
        assert not [body for body in bodies if "accounts" in body]
        return outcome, [body["name"] for body in bodies]

    return run


@pytest.mark.parametrize(
    ("accounts", "roles"),
    [
        (["dev"], [DEV]),
        (["222222222222", "dev"], [DEV, PROD]),
        (["ou:/Work"], [DEV, PROD]),
        (["ou:/Work/Dev"], [DEV]),
        (["ou:/Wor"], None),
        (["tag:env=prod"], [PROD]),
        (["*"], [DEV, PROD]),
        (["home"], ["tool"]),
        (["home", "*", "dev"], ["tool", DEV, PROD]),
        (["nosuch"], None),
        (["tag:env=nosuch"], None),
    ],
)
def test_a_template_is_applied_in_each_account_that_it_names(apply, accounts, roles):
    outcome, put = apply(*accounts)
    assert sorted(put) == sorted(roles or [])
    assert outcome.returncode == (0 if roles else 2)


def test_an_account_that_is_named_and_not_served_fails_and_the_others_are_done(apply):
    outcome, put = apply("dev", "old")
    assert put == [DEV]
    assert outcome.returncode == 5
    assert "333333333333:tool" in outcome.stderr


def test_an_account_that_stops_answering_is_named_and_a_rerun_finishes(apply, contract):
    """`prod` answers 500 (which is not retried) the first time."""
    paths = [f"/api/v1/roles/{quote(PROD, safe='')}", f"/api/v1/roles/{PROD}"]
    usual = {path: contract.answers["PUT", path] for path in paths}
    contract.answers |= {("PUT", path): (500, {"message": "down"}, {}) for path in paths}
    outcome, _ = apply("*")
    assert outcome.returncode == 5
    assert f"1 of 2 templates failed: {PROD}" in outcome.stderr
    assert f"  {DEV}: as its template says" in outcome.stdout
    contract.answers |= {("PUT", path): usual[path] for path in paths}
    assert apply("*")[0].returncode == 0
