"""Sessions, activity and revocation."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

S1 = "01kxyz" + "0" * 20

SESSION = {
    "id": S1,
    "caller": "alice",
    "role": "ec2-full",
    "role_arn": "arn:x",
    "state": "active",
    "issued_at": "2026-01-31T09:00:00.000Z",
    "expires_at": "2026-01-31T10:00:00.000Z",
    "revoked_at": None,
    "reason": "look",
}
REGIONS = ["eu-west-1", "us-east-1"]
REVOKED = {**SESSION, "state": "revoked", "revoked_at": "2026-01-31T09:30:00.000Z"}


def call(at: str, error: str = "") -> dict[str, Any]:
    return {"id": at, "at": at, "service": "ec2.amazonaws.com", "action": "DescribeInstances", "error": error}


def activity(contract: Any, *events: dict[str, Any]) -> None:
    page = {"session": S1, "events": list(events), "next_cursor": None, "complete": True, "regions": REGIONS}
    contract.answers["GET", "/api/v1/sessions/" + S1 + "/activity"] = page


def test_sessions_show_what_remains(alice, contract):
    soon = (datetime.now(UTC) + timedelta(minutes=40, seconds=30)).isoformat()
    contract.sessions = [{**SESSION, "expires_at": soon}, REVOKED]
    header, first, second = (line.split("\t") for line in alice.run("sessions").stdout.splitlines())
    assert first[header.index("remaining")] == "40 min"
    assert second[header.index("remaining")] == ""
    assert first[header.index("issued")] == "2026-01-31 09:00:00 UTC"


def test_local_time_stands_beside_utc(alice, contract):
    contract.sessions = [REVOKED]
    shown = alice.finish("sessions", TZ="Asia/Tokyo").stdout
    assert "2026-01-31 18:00:00 JST (09:00 UTC)" in shown


def test_filters_reach_the_broker_as_it_wants_them(alice, contract):
    alice.run("sessions", "--caller", "bob", "--state", "active", "--since", "2026-01-31T09:00:00+09:00")
    query = contract.seen[0].query
    assert (query["caller"], query["state"], query["since"]) == ("bob", "active", "2026-01-31T00:00:00Z")


def test_a_since_that_is_none_is_a_sentence(alice):
    done = alice.run("sessions", "--since", "yesterday")
    assert (done.returncode, "24h" in done.stderr) == (2, True)


def test_nothing_to_show_is_said_on_stderr_and_is_an_empty_list_for_programs(alice):
    people, programs = alice.run("sessions"), alice.run("sessions", "--json")
    assert (people.stdout, people.stderr) == ("", "No sessions.\n")
    assert json.loads(programs.stdout) == []


def test_what_others_wrote_cannot_drive_the_terminal(alice, contract):
    contract.sessions = [{**REVOKED, "reason": "x\x1b[2J\x9b31m\u202e\tnew\ncolumn\u2028line\u2029"}]
    shown = alice.run("sessions").stdout
    assert not {"\x1b", "\x9b", "\u202e", "\u2028", "\u2029"} & set(shown)
    assert len(shown.splitlines()) == 2
    assert len(shown.splitlines()[1].split("\t")) == 7


def test_activity_is_in_order_of_time_across_pages(alice, contract):
    page = {
        "session": S1,
        "events": [call("2026-01-31T09:20:00Z")],
        "next_cursor": None,
        "complete": True,
        "regions": REGIONS,
    }
    contract.answers["GET", "/api/v1/sessions/" + S1 + "/activity"] = page
    first = {**page, "events": [call("2026-01-31T09:30:00Z")], "next_cursor": "2", "complete": False}
    contract.scripted = [(200, first, {})]
    document = json.loads(alice.run("activity", S1, "--json").stdout)
    assert [event["at"] for event in document["events"]] == ["2026-01-31T09:20:00Z", "2026-01-31T09:30:00Z"]
    assert (document["complete"], document["regions"]) == (True, REGIONS)


def test_activity_says_where_it_looked_also_when_there_was_nothing(alice, contract):
    activity(contract)
    assert (
        "CloudTrail has no call.\nLooked up in eu-west-1, us-east-1 and in no other region."
        in alice.run("activity", S1).stderr
    )


def test_a_call_that_two_regions_tell_is_shown_once(alice, contract):
    one = call("2026-01-31T09:20:00Z")
    activity(contract, one)
    contract.scripted = [(200, {"events": [one], "next_cursor": "2", "regions": REGIONS}, {})]
    assert len(json.loads(alice.run("activity", S1, "--json").stdout)["events"]) == 1


def test_activity_says_when_it_stopped_early(alice, contract):
    activity(contract, *(call(f"2026-01-31T09:{minute:02d}:00Z") for minute in range(10)))
    done = alice.run("activity", S1, "--limit", "3")
    assert len(done.stdout.splitlines()) == 4
    assert "--limit" in done.stderr


def test_revoke_ends_one_session_and_forgets_its_kept_credentials(alice, contract):
    alice.run("creds", "ec2-full")
    identifier = contract.sessions[0]["id"]
    contract.answers["DELETE", f"/api/v1/sessions/{identifier}"] = {**REVOKED, "id": identifier}
    done = alice.run("revoke", identifier, "--reason", "leaked")
    assert "revoked" in done.stdout
    assert contract.seen[-1].query == {"reason": "leaked"}
    assert list(alice.cache.glob("*.json")) == []


def test_revoke_wait_shows_the_call_that_was_refused(alice, contract):
    contract.answers["DELETE", "/api/v1/sessions/" + S1] = REVOKED
    before, after = call("2026-01-31T09:20:00Z"), call("2026-01-31T09:31:00Z", "Client.UnauthorizedOperation")
    activity(contract, before, after)
    document = json.loads(alice.run("revoke", S1, "--wait", "--json").stdout)
    assert document["refused_call"]["at"] == "2026-01-31T09:31:00Z"


def test_revoke_wait_says_when_it_could_not_observe_a_call(alice, contract):
    contract.answers["DELETE", "/api/v1/sessions/" + S1] = REVOKED
    activity(contract, call("2026-01-31T09:20:00Z"))
    done = alice.run("revoke", S1, "--wait", "--patience", "1")
    assert done.returncode == 0
    assert "could not be observed" in done.stdout


def test_revoke_wait_fails_when_calls_are_still_allowed(alice, contract):
    contract.answers["DELETE", "/api/v1/sessions/" + S1] = REVOKED
    activity(contract, call("2026-01-31T09:35:00Z"))
    done = alice.run("revoke", S1, "--wait", "--patience", "1")
    assert (done.returncode, "still allowed" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--caller", "alice"),
        ("--caller", "ci/build-7"),
        ("--caller", "sso/ann@example.com"),
        ("--caller", "111122223333:release/build-7"),
        ("--role", "ec2-full"),
    ],
)
def test_revoke_by_caller_or_role(alice, contract, flag, value):
    revocation = {"scope": flag[2:], "name": value, "roles": ["ec2-full"], "sessions": [S1, "s2"]}
    contract.answers["POST", "/api/v1/revocations"] = {"revocation": revocation}
    done = alice.run("revoke", flag, value, "--reason", "stolen")
    assert "Ended 2 sessions" in done.stdout
    assert contract.seen[0].body == {flag[2:]: value, "reason": "stolen"}


def test_revoke_by_caller_says_which_roles_they_may_assume_without_the_broker(alice, contract):
    revocation = {"scope": "caller", "name": "sts_user", "roles": [], "sessions": [], "direct_roles": ["ec2-direct"]}
    contract.answers["POST", "/api/v1/revocations"] = {"revocation": revocation}
    done = alice.run("revoke", "--caller", "sts_user")
    assert "broker revoke --role ec2-direct" in done.stdout.splitlines()[1]


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_revoke_of_a_caller_without_sessions_does_not_read_like_success(alice, contract, flags):
    """A mistyped name in an incident: whose sessions were meant goes on."""
    revocation = {"scope": "caller", "name": "alcie", "roles": [], "sessions": [], "direct_roles": []}
    contract.answers["POST", "/api/v1/revocations"] = {"revocation": revocation}
    done = alice.run("revoke", "--caller", "alcie", *flags)
    assert done.returncode == 4
    assert "alcie has no live session. Check the name: broker sessions --caller alcie" in done.stderr
    assert "Ended" not in done.stdout
    assert not flags or json.loads(done.stdout) == {"revocation": revocation}


def test_revoke_of_a_role_without_sessions_is_done(alice, contract):
    revocation = {"scope": "role", "name": "ec2-full", "roles": ["ec2-full"], "sessions": [], "direct_roles": []}
    contract.answers["POST", "/api/v1/revocations"] = {"revocation": revocation}
    assert alice.run("revoke", "--role", "ec2-full").returncode == 0


@pytest.mark.parametrize("arguments", [[], [S1, "--role", "x"], ["--caller", "a", "--wait"]])
def test_revoke_needs_exactly_one_thing_to_end(alice, contract, arguments):
    assert alice.run("revoke", *arguments).returncode == 2
    assert contract.seen == []


def test_broken_glass_that_nobody_reviewed_stands_out(alice, contract):
    contract.sessions = [{**REVOKED, "break_glass": True, "review": {"state": "open"}}]
    assert "revoked, unreviewed" in alice.run("sessions").stdout


BECAUSE = "The deny list of ec2-full had no room for single sessions (revocation 01kq). Take new credentials."
WIDENED = {"role": "ec2-full", "source_identity": "alice", "before": "2026-01-31T09:30:00Z"}


def ended_with_others(identifier: str) -> dict[str, Any]:
    later = (datetime.now(UTC) + timedelta(minutes=40)).isoformat()
    return {**REVOKED, "id": identifier, "expires_at": later, "revoked_because": BECAUSE}


def test_revoke_says_which_others_ended_for_lack_of_room(alice, contract):
    contract.answers["DELETE", "/api/v1/sessions/" + S1] = {**REVOKED, "widened": [WIDENED]}
    said = alice.run("revoke", S1).stderr
    assert all(
        word in said for word in ("ec2-full", "of alice", "2026-01-31 09:30:00", "broker creds ec2-full --fresh")
    )


def test_revoke_of_a_caller_says_so_too_and_json_has_it(alice, contract):
    everyone = {**WIDENED, "source_identity": ""}
    ended = {"name": "bob", "roles": ["ec2-full"], "sessions": [S1], "direct_roles": [], "widened": [everyone]}
    contract.answers["POST", "/api/v1/revocations"] = {"revocation": ended}
    done = alice.run("revoke", "--caller", "bob", "--json")
    assert json.loads(done.stdout)["revocation"]["widened"] == [everyone]
    assert "all sessions on it" in alice.run("revoke", "--caller", "bob").stderr


@pytest.mark.parametrize("command", [("sessions",), ("sessions", "--id", S1), ("status", "--json")])
def test_a_person_whose_session_ended_with_another_is_told_to_take_new_credentials(alice, contract, command):
    alice.run("creds", "ec2-full")
    mine = ended_with_others(contract.sessions[0]["id"] if command[0] != "sessions" else S1)
    contract.sessions = [mine]
    contract.answers["GET", "/api/v1/sessions/" + S1] = mine
    said = alice.run(*command).stderr
    assert BECAUSE in said
    assert "broker creds ec2-full --fresh" in said


def test_kept_credentials_of_a_session_that_ended_with_another_are_dropped(alice, contract):
    alice.run("creds", "ec2-full")
    contract.sessions = [ended_with_others(contract.sessions[0]["id"])]
    alice.run("sessions")
    assert list(alice.cache.glob("*.json")) == []


def test_a_session_that_is_over_anyway_asks_for_nothing(alice, contract):
    contract.sessions = [{**ended_with_others(S1), "expires_at": "2026-01-31T10:00:00.000Z"}]
    assert "--fresh" not in alice.run("sessions").stderr
