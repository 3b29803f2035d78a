"""Suspending callers, lifting it, and listing callers."""

from typing import Any

SUSPENSION = {
    "id": "s1",
    "caller": "alice",
    "subject": "AIDA1",
    "reason": "leaked",
    "by": "rita",
    "at": "2026-01-31T09:00:00Z",
}
DONE = {
    "suspensions": [SUSPENSION], "sessions": ["x", "y"], "roles": ["ec2-full"], "direct_roles": ["s3-read"],
    "requests": ["r1"], "failures": ["request r2: conflict"],
}  # fmt: skip


def test_suspending_says_what_it_did_and_what_it_did_not(alice: Any, contract: Any) -> None:
    contract.answers["POST", "/api/v1/suspensions"] = DONE
    done = alice.run("suspend", "alice", "--reason", "leaked")
    assert contract.seen[0].body == {"caller": "alice", "reason": "leaked"}
    for told in ("2 sessions", "ec2-full", "1 pending", "s3-read", "r2", "broker unsuspend alice"):
        assert told in done.stdout


def test_a_caller_of_a_member_account_is_named_by_its_id(alice: Any, contract: Any) -> None:
    contract.answers["POST", "/api/v1/suspensions"] = DONE
    assert alice.run("suspend", "111122223333:release", "--reason", "leaked").returncode == 0
    assert contract.seen[0].body["caller"] == "111122223333:release"
    done = alice.run("suspend", "dev:release", "--reason", "leaked")
    assert (done.returncode, "111122223333:ROLE/SESSION" in done.stderr, len(contract.seen)) == (2, True, 1)


def test_a_suspension_needs_a_reason(alice: Any, contract: Any) -> None:
    done = alice.run("suspend", "alice")
    assert (done.returncode, "--reason" in done.stderr, contract.seen) == (2, True, [])


def test_unsuspending_lifts_every_suspension_of_the_name(alice: Any, contract: Any) -> None:
    other = {**SUSPENSION, "id": "s2", "caller": "bob"}
    contract.answers["GET", "/api/v1/suspensions"] = {"suspensions": [SUSPENSION, other]}
    contract.answers["DELETE", "/api/v1/suspensions/s1"] = SUSPENSION
    assert alice.run("unsuspend", "alice").returncode == 0
    assert [(one.method, one.path) for one in contract.seen][1:] == [("DELETE", "/api/v1/suspensions/s1")]


def test_one_who_is_not_suspended_cannot_be_unsuspended(alice: Any, contract: Any) -> None:
    contract.answers["GET", "/api/v1/suspensions"] = {"suspensions": []}
    assert alice.run("unsuspend", "alice").returncode == 4


def test_callers_are_a_table(alice: Any, contract: Any) -> None:
    known = {"name": "bob", "kind": "user", "groups": ["engineers"], "tags": {}, "suspended": True, "as_of": None}
    contract.answers["GET", "/api/v1/callers"] = {"callers": [known], "next_cursor": None}
    assert "engineers" in alice.run("callers", "--group", "engineers", "--suspended").stdout
    assert (contract.seen[0].query["group"], contract.seen[0].query["suspended"]) == ("engineers", "true")
