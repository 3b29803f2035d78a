"""`broker roles usage`, and the session policy that it suggests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from access_broker.failures import Failure
from access_broker.roles.session_policy import MOST_CHARACTERS, compact, session_policy

PATH = "/api/v1/roles/ec2-full/usage"
CHECKOUT = Path(__file__).parents[3]


def use(action: str, count: int = 1, denied: int = 0, **more: Any) -> dict[str, Any]:
    service, _, name = action.partition(":")
    return {
        "service": service, "action": name, "count": count, "denied": denied, "last": "2026-11-23T12:00:00Z",
        "resources": [], "every_call_named": False, "allowed": "everywhere", **more,
    }  # fmt: skip


def page(*uses: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "role": "ec2-full", "since": "2026-11-01T00:00:00.000Z", "sessions": 1, "used": list(uses), "unmatched": [],
        "unused": None, "last_accessed": None, "regions": ["eu-west-1"], "regions_denied": [], "next_cursor": None,
        **more,
    }  # fmt: skip


FIRST = page(
    use("ec2:DescribeVpcs", 2),
    use("ec2:StopInstances", resources=["arn:1"], every_call_named=True),
    unused=[{"service": "ec2", "allowed": 4, "actions": ["RunInstances", "StartInstances"]}],
    last_accessed={"state": "complete", "code": "", "services": []},
    next_cursor="more",
)
SECOND = page(
    use("ec2:DescribeVpcs", 1, 1), use("ec2:StartInstances"),
    use("ec2:StopInstances", resources=["arn:2"], every_call_named=True), unmatched=["ec2:Strange"],
)  # fmt: skip


def test_pages_are_added_up(alice, contract) -> None:
    contract.scripted = [(200, FIRST, {}), (200, SECOND, {})]
    found = json.loads(alice.run("roles", "usage", "ec2-full", "--json").stdout)
    assert {one["action"]: (one["count"], one["denied"], one["resources"]) for one in found["used"]} == {
        "DescribeVpcs": (3, 1, []), "StartInstances": (1, 0, []), "StopInstances": (2, 0, ["arn:1", "arn:2"])
    }  # fmt: skip
    assert found["unused"] == [{"service": "ec2", "allowed": 4, "actions": ["RunInstances"]}]
    assert (found["sessions"], found["unmatched"], found["complete"]) == (2, ["ec2:Strange"], True)


def test_it_stops_at_the_limit_and_says_so(alice, contract) -> None:
    contract.answers["GET", PATH] = FIRST
    done = alice.run("roles", "usage", "ec2-full", "--limit", "1")
    assert "DescribeVpcs" in done.stdout
    assert "2 of 4 allowed actions unused" in done.stderr
    assert "not all calls" in done.stderr


def test_where_iam_gave_nothing_it_says_so(alice, contract) -> None:
    contract.answers["GET", PATH] = page(last_accessed={"state": "unavailable", "code": "Throttling", "services": []})
    assert "Throttling" in alice.run("roles", "usage", "ec2-full").stderr


def test_a_session_policy_comes_from_ones_own_sessions_and_is_taken_by_creds(alice, contract) -> None:
    contract.answers["GET", PATH] = page(use("ec2:DescribeVpcs"), use("ec2:RunInstances", 0, 1, allowed="no"))
    contract.add_role("ec2-full")
    done = alice.run("roles", "suggest", "ec2-full", "--session-policy", "--write", "mine.json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Statement"] == [
        {"Effect": "Allow", "Action": ["ec2:DescribeVpcs"], "Resource": ["*"]}
    ]
    assert [one.query["caller"] for one in contract.seen if one.path.endswith("/usage")] == ["alice"]
    assert alice.run("creds", "ec2-full", "--policy", "mine.json").returncode == 0
    [sent] = [one.body["policy"] for one in contract.seen if one.path.endswith("/credentials")]
    assert sent == json.loads(done.stdout)


def test_nothing_used_is_no_policy(alice, contract) -> None:
    contract.answers["GET", PATH] = page(use("ec2:RunInstances", 0, 1))
    done = alice.run("roles", "suggest", "ec2-full", "--session-policy")
    assert (done.returncode != 0, done.stdout) == (True, "")


@pytest.mark.parametrize(
    ("uses", "widened", "an_action"),
    [
        ([use("ec2:StopInstances", resources=["arn:aws:ec2:1"], every_call_named=True)], False, "ec2:StopInstances"),
        ([use(f"ec2:Describe{'X' * 30}{number}") for number in range(60)], True, "ec2:DescribeXXX"),
        ([use(f"s{number}{'x' * 20}:{verb}Y") for number in range(40) for verb in ("Get", "List")], True, "s0"),
    ],
)
def test_the_policy_is_as_narrow_as_fits(uses: list[dict[str, Any]], widened: bool, an_action: str) -> None:  # noqa: FBT001
    policy, words = session_policy({"used": uses})
    assert (bool(words), len(compact(policy)) <= MOST_CHARACTERS) == (widened, True)
    assert any(one.startswith(an_action[:8]) or an_action in one for one in policy["Statement"][0]["Action"])


def test_services_that_do_not_fit_are_refused() -> None:
    with pytest.raises(Failure):
        session_policy({"used": [use(f"service-{number:04}:Get") for number in range(200)]})


def test_a_template_is_made_in_a_checkout_from_the_usage(alice, contract) -> None:
    for name in ("policytool", "chalicelib", "policies", ".venv"):
        (alice.home / name).symlink_to(CHECKOUT / name)
    at = "2026-11-23T12:00:00.000Z"
    stop = {"service": "ec2", "action": "StopInstances", "at": at, "allowed": "everywhere"}
    accessed = {"state": "complete", "code": "", "services": [{"service": "ec2", "at": at, "actions": [stop]}]}
    uses = [use("ec2:DescribeVpcs"), use("ec2:RunInstances", allowed="conditional")]
    contract.answers["GET", PATH] = page(*uses, last_accessed=accessed)
    done = alice.run("roles", "suggest", "ec2-full", "--json")
    found = json.loads(done.stdout)
    assert [one["Action"] for one in found["policy"]["Statement"]] == [["ec2:DescribeVpcs", "ec2:StopInstances"]]
    assert (list(found["left_out"]), found["last_accessed"]) == (["ec2:RunInstances"], "complete")
