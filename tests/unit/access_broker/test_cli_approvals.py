"""Access that others must agree to: filed by itself, waited for, collected."""

import json
import re
import threading
import time

import pytest

from access_broker.credentials import approval
from tests.unit.access_broker.contract_server import Answer, Contract, problem

LONG = 30


def decide(contract: Contract, state: str, **decision: str) -> threading.Thread:
    """Somebody decides as soon as there is a request."""

    def wait_and_decide() -> None:
        deadline = time.monotonic() + LONG
        while not contract.requests and time.monotonic() < deadline:
            time.sleep(0.02)
        for request in contract.requests.values():
            request.update(state=state, decisions=[{"by": "bob", **decision}])

    thread = threading.Thread(target=wait_and_decide)
    thread.start()
    return thread


@pytest.fixture(autouse=True)
def prod(contract, monkeypatch):
    """A role that asks for approval. Commands in this process look forty times as often; those of their own do not."""
    contract.add_role("prod-ec2", access="approval", approvals=1)
    monkeypatch.setattr(approval, "FIRST_LOOK_SECONDS", approval.FIRST_LOOK_SECONDS / 40)
    monkeypatch.setattr(approval, "COLLECT_PAUSES", tuple(pause / 40 for pause in approval.COLLECT_PAUSES))


def test_creds_files_the_request_waits_and_goes_on_when_it_is_granted(alice, contract):
    bob = decide(contract, "approved")
    done = alice.run("creds", "prod-ec2", "--for", "8h", "--reason", "deploy", "--format", "dotenv")
    bob.join()
    assert done.returncode == 0, done.stderr
    assert "AWS_ACCESS_KEY_ID=" in done.stdout
    assert "Waiting for approval of prod-ec2" in done.stderr
    assert "by bob" in done.stderr
    assert contract.posted("/api/v1/requests") == [
        {"role": "prod-ec2", "duration_seconds": 28800, "reason": "deploy"},
    ]


def test_exec_runs_the_program_once_it_is_granted(alice, contract):
    bob = decide(contract, "approved")
    done = alice.finish("exec", "prod-ec2", "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID")
    bob.join()
    assert done.stdout == "ASIA0001\n"


def test_a_denial_ends_the_wait_with_the_words_of_the_one_who_denied(alice, contract):
    bob = decide(contract, "denied", comment="after the release")
    done = alice.run("creds", "prod-ec2")
    bob.join()
    assert done.returncode == 1
    assert "bob" in done.stderr
    assert "after the release" in done.stderr


def test_no_wait_leaves_with_three_and_says_how_to_collect(alice, contract):
    done = alice.run("creds", "prod-ec2", "--no-wait")
    [identifier] = contract.requests
    assert (done.returncode, done.stdout) == (3, "")
    assert identifier in done.stderr
    assert "same command again" in done.stderr


def test_no_wait_does_not_ask_for_what_it_has_just_done(alice, contract):
    said = "Rule two-agree gives this role with 2 approval(s). File a request: broker request prod-ec2"
    contract.answers["POST", "/api/v1/credentials"] = problem(403, "approval_required", said)
    done = alice.run("creds", "prod-ec2", "--no-wait")
    [identifier] = contract.requests
    assert f"with 2 approval(s). Request {identifier} is filed" in done.stderr
    assert "File a request" not in done.stderr


def test_a_short_command_asks_for_the_shortest_access_there_is(alice, contract):
    alice.run("creds", "prod-ec2", "--for", "15m", "--no-wait")
    [filed] = contract.posted("/api/v1/requests")
    assert filed["duration_seconds"] == 1800


def test_asking_again_joins_the_request_that_still_waits(alice, contract):
    alice.run("creds", "prod-ec2", "--no-wait")
    again = alice.run("creds", "prod-ec2", "--no-wait")
    assert len(contract.requests) == 1
    assert "is filed already" in again.stderr


def test_a_request_of_somebody_else_is_not_joined(alice, contract):
    alice.run("creds", "prod-ec2", "--no-wait", "--profile", "bob")
    alice.run("creds", "prod-ec2", "--no-wait")
    assert [request["caller"] for request in contract.requests.values()] == ["bob", "alice"]


def test_credential_process_never_waits(alice):
    """An SDK would hang, and show nobody the waiting line."""
    assert alice.run("creds", "prod-ec2", "--format", "process").returncode == 3


def test_console_waits_as_well(alice, contract):
    link = {"sign_in_url": "https://signin/x", "sign_in_url_expires_at": "2026-01-01T00:00:00Z", "session": {}}
    refusal = {"code": "approval_required", "detail": "prod-ec2 needs 1 approval."}
    contract.answers["POST", "/api/v1/console-links"] = (403, refusal, {})

    def approve() -> None:
        deadline = time.monotonic() + LONG
        while not contract.requests and time.monotonic() < deadline:
            time.sleep(0.02)
        contract.answers["POST", "/api/v1/console-links"] = (201, link, {})
        for request in contract.requests.values():
            request["state"] = "approved"

    bob = threading.Thread(target=approve)
    bob.start()
    done = alice.run("console", "prod-ec2")
    bob.join()
    assert done.stdout == "https://signin/x\n"


def test_request_and_list_and_decide(alice, contract):
    filed = json.loads(alice.run("request", "prod-ec2", "--for", "4h", "--reason", "deploy", "--json").stdout)
    assert filed["state"] == "pending"
    listed = alice.run("requests", "--state", "pending").stdout
    assert filed["id"] in listed
    assert "4 h" in listed
    path = f"/api/v1/requests/{filed['id']}/approve"
    contract.answers["POST", path] = {**filed, "state": "approved", "decisions": [{"by": "bob", "decision": "approve"}]}
    done = alice.run("approve", filed["id"], "--comment", "go", "--profile", "bob")
    assert "approved" in done.stdout
    assert contract.posted(path) == [{"comment": "go"}]


@pytest.mark.parametrize("verb", ["deny", "cancel"])
def test_deny_and_cancel_are_sent_as_such(alice, contract, verb):
    filed = json.loads(alice.run("request", "prod-ec2", "--json").stdout)
    path = f"/api/v1/requests/{filed['id']}/{verb}"
    contract.answers["POST", path] = {**filed, "state": "over"}
    assert json.loads(alice.run(verb, filed["id"], "--json").stdout)["state"] == "over"
    assert contract.posted(path) == [{}]


def test_a_request_in_full_shows_times_and_decisions(alice, contract):
    filed = json.loads(alice.run("request", "prod-ec2", "--json").stdout)
    contract.requests[filed["id"]].update(
        created_at="2026-01-31T09:00:00Z",
        usable_until="2026-01-31T10:45:00Z",
        decisions=[{"by": "bob", "decision": "approve", "comment": "fine"}],
    )
    shown = alice.run("requests", "--id", filed["id"]).stdout
    assert "2026-01-31 09:00:00 UTC" in shown
    assert re.search(r"usable until +\d+ d ago \(2026-01-31 10:45:00 UTC\)", shown)
    assert "bob fine" in shown


def test_ctrl_c_while_waiting_leaves_quietly(alice, contract):
    with alice.spawn("creds", "prod-ec2") as process:
        deadline = time.monotonic() + LONG
        while not contract.requests:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(2)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_a_grant_that_is_seen_late_is_collected_all_the_same(alice, contract):
    """Grants are read from an index that lags: an approved request does not open the door at once."""
    late: Answer = (403, {"code": "approval_required", "detail": "prod-ec2 needs 1 approval."}, {})
    contract.answers["POST", "/api/v1/credentials"] = late

    def approve_then_open() -> None:
        decide(contract, "approved").join()
        deadline = time.monotonic() + LONG
        while len(contract.posted("/api/v1/credentials")) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        del contract.answers["POST", "/api/v1/credentials"]

    bob = threading.Thread(target=approve_then_open)
    bob.start()
    done = alice.run("creds", "prod-ec2", "--format", "dotenv")
    bob.join()
    assert done.returncode == 0, done.stderr
    assert len(contract.posted("/api/v1/credentials")) == 3


def test_done_gives_access_back_and_forgets_what_was_kept(alice, contract):
    alice.run("creds", "ec2-full")
    ended = {"id": "g1", "caller": "alice", "role": "ec2-full", "state": "ended"}
    contract.answers["DELETE", "/api/v1/grants/g1"] = ended
    done = alice.run("done", "g1", "--reason", "finished")
    assert "ended" in done.stdout
    assert contract.seen[-1].query == {"reason": "finished"}
    assert list(alice.cache.glob("*.json")) == []


def test_break_glass_is_asked_for_by_name_and_kept_apart(alice, contract):
    alice.run("creds", "ec2-full")
    alice.run("creds", "ec2-full", "--break-glass", "--reason", "site down")
    plain, broken = contract.posted("/api/v1/credentials")
    assert "break_glass" not in plain
    assert broken["break_glass"] is True


def test_a_review_says_what_was_found(alice, contract):
    reviewed = {"id": "s1", "state": "expired", "role": "prod-ec2", "expires_at": "2026-01-31T09:00:00Z"}
    review = {"state": "done", "by": "bob", "comment": "fine"}
    contract.answers["POST", "/api/v1/sessions/s1/review"] = {**reviewed, "review": review}
    assert "done bob fine" in alice.run("review", "s1", "--comment", "fine").stdout
    assert alice.run("review", "s1").returncode == 2


def test_each_attempt_at_one_change_carries_the_same_key_and_each_change_its_own(alice, contract):
    contract.scripted = [(503, {"message": "busy"}, {"Retry-After": "0"})]
    alice.run("request", "prod-ec2")
    alice.run("request", "prod-ec2")
    alice.run("whoami")
    first, again, second, none = contract.keys
    assert first == again != second
    assert None not in (first, second)
    assert none is None


FILED = {
    "id": "r1",
    "caller": "alice",
    "role": "prod-ec2",
    "state": "pending",
    "approvals": 2,
    "duration_seconds": 3600,
}


@pytest.mark.parametrize("command", [["creds", "prod-ec2", "--no-wait"], ["request", "prod-ec2"]])
def test_who_can_approve_is_said_when_a_request_is_filed(alice, contract, command):
    eligible = {"groups": ["approvers", "sso/Approvers"], "enough": True}
    contract.answers["POST", "/api/v1/requests"] = {**FILED, "approvers": eligible}
    done = alice.run(*command)
    assert "Members of approvers and sso/Approvers can approve it." in done.stdout + done.stderr
    assert "cannot be approved" not in done.stdout + done.stderr


@pytest.mark.parametrize("command", [["creds", "prod-ec2", "--no-wait"], ["request", "prod-ec2"]])
def test_a_request_that_too_few_others_can_approve_is_told_when_it_is_filed(alice, contract, command):
    contract.answers["POST", "/api/v1/requests"] = {**FILED, "approvers": {"groups": ["approvers"], "enough": False}}
    done = alice.run(*command)
    assert "cannot be approved: it takes 2" in done.stdout + done.stderr


def test_a_list_says_which_grants_are_over(alice, contract):
    grants: dict[str, dict[str, object]] = {
        "r1": {"until": "2999-01-01T00:00:00Z", "grant": {"state": "ended"}},
        "r2": {"until": "2999-01-01T00:00:00Z", "grant": {"state": "active"}},
        "r3": {"until": "2026-01-01T00:00:00Z"},
    }
    for name, more in grants.items():
        contract.requests[name] = {**FILED, "id": name, "state": "approved", **more}
    rows = [line.split("\t")[:2] for line in alice.run("requests").stdout.splitlines()[1:]]
    assert rows == [["r1", "approved, ended"], ["r2", "approved"], ["r3", "approved, expired"]]


def test_several_roles_are_asked_for_at_once_and_all_of_them_are_shown(alice, contract):
    done = alice.run("request", "dev:ec2-full", "prod:ec2-full", "--reason", "move", "--json")
    assert done.returncode == 0, done.stderr
    assert [one["role"] for one in json.loads(done.stdout)] == ["dev:ec2-full", "prod:ec2-full"]
    [sent] = contract.posted("/api/v1/requests")
    assert (sent["role"], sent["also"]) == ("dev:ec2-full", ["prod:ec2-full"])
    told = alice.run("request", "dev:ec2-full", "prod:ec2-full", "--reason", "move")
    assert "decided together" in told.stderr
    assert all(one in told.stdout for one in ("dev:ec2-full", "prod:ec2-full"))


def test_waiting_for_several_roles_ends_when_all_are_decided(alice, contract):
    bob = decide(contract, "approved")
    done = alice.run("request", "dev:ec2-full", "prod:ec2-full", "--wait", "--json")
    bob.join()
    assert done.returncode == 0, done.stderr
    assert [one["state"] for one in json.loads(done.stdout)] == ["approved", "approved"]
