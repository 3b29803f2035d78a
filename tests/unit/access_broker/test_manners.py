"""At a terminal: `broker` alone, moving lines, and what Ctrl-C says."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.processes import Child
from tests.unit.access_broker.people import Person
from tests.unit.access_broker.test_cli_output import on_a_terminal

SOON = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def busy(contract):
    session = {"id": "01kxyzsession", "caller": "alice", "role": "ec2-full", "state": "active", "expires_at": SOON}
    contract.sessions.append(session)
    contract.requests["r1"] = {"id": "01kxyzmine", "caller": "alice", "role": "prod", "state": "pending"}
    contract.requests["r2"] = {"id": "01kxyztheirs", "caller": "bob", "role": "prod", "state": "pending"}
    return contract


def test_broker_alone_shows_what_i_have_and_what_waits_for_me(alice, busy):
    del busy
    shown = on_a_terminal(alice)
    assert "You are alice (engineers)." in shown
    waiting = shown.index("Waiting for you")
    assert shown.index("01kxyzsession") < waiting < shown.index("01kxyztheirs") < shown.index("01kxyzmine")


def test_status_is_the_same_for_programs(alice, busy):
    del busy
    found = json.loads(alice.run("status", "--json").stdout)
    assert [one["id"] for one in found["to_decide"]] == ["01kxyztheirs"]
    assert [one["id"] for one in found["sessions"]] == ["01kxyzsession"]


def test_without_a_broker_broker_alone_is_the_help(alice):
    assert "Usage: broker" in on_a_terminal(alice, BROKER_URL="")


def interrupted(alice: Person, words: list[str], ready: Callable[[], object]) -> tuple[int, str, str]:
    with alice.spawn(*words) as process:
        until(ready)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_ctrl_c_while_waiting_says_that_the_request_stays_filed(alice, contract):
    contract.add_role("prod-ec2", access="approval")
    code, out, err = interrupted(alice, ["creds", "prod-ec2"], lambda: contract.requests)
    identifier = next(iter(contract.requests))
    assert (code, out) == (130, "")
    assert f"Request {identifier} for prod-ec2 stays filed" in err
    assert f"broker cancel {identifier}" in err
    assert "Traceback" not in err


def test_ctrl_c_during_a_change_says_that_it_may_have_been_done(alice, contract):
    contract.slow = 5.0
    code, _, err = interrupted(alice, ["revoke", "0" * 26], lambda: contract.arrived)
    assert code == 130
    assert "may have been done" in err


def test_ctrl_c_during_a_look_says_that_nothing_was_changed(alice, contract):
    contract.slow = 5.0
    code, _, err = interrupted(alice, ["whoami"], lambda: contract.arrived)
    assert (code, "nothing was changed" in err) == (130, True)


def test_ctrl_c_while_applying_says_which_roles_were_and_were_not(alice, contract):
    for name in ("a", "b", "c"):
        (alice.home / f"{name}.yaml").write_text(f"name: {name}\n")
        contract.answers["PUT", f"/api/v1/roles/{name}"] = {"name": name, "changes": []}

    def second_has_come() -> bool:
        if len(contract.seen) == 1:
            contract.slow = 5.0
        return len(contract.arrived) >= 2 and contract.slow > 0

    contract.slow = 0.5
    code, _, err = interrupted(alice, ["roles", "apply", "a.yaml", "b.yaml", "c.yaml"], second_has_come)
    assert code == 130
    assert "Applied: a. Under way, so look: b. Not applied: c." in err


def test_ctrl_c_ends_serve_and_says_that_the_session_lasts(alice, contract):
    with alice.spawn("serve", "ec2-full") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"broker revoke {contract.sessions[0]['id']}" in err


def test_a_broker_that_takes_its_time_is_told_of_on_a_terminal(alice, contract):
    contract.slow = 2.5
    leader, follower = os.openpty()
    with Child(
        alice.command("whoami"), env=alice.environment, stdin=follower, stdout=subprocess.DEVNULL, stderr=follower
    ) as process:
        process.wait(timeout=60)
    os.close(follower)
    shown = os.read(leader, 65536).decode()
    os.close(leader)
    assert "Waiting for the broker (1 s)" in shown
    assert shown.endswith("\r\x1b[K")


def test_a_time_is_told_as_a_distance_with_the_instant_beside_it(alice, contract):
    contract.requests["r1"] = {
        "id": "r" * 26, "caller": "alice", "role": "x", "state": "approved", "duration_seconds": 3600, "until": SOON,
    }  # fmt: skip
    contract.answers["GET", f"/api/v1/requests/{'r' * 26}"] = contract.requests["r1"]
    shown = alice.run("requests", "--id", "r" * 26).stdout
    assert re.search(r"until +in (\d\d? min|1 h) \(\d{4}-", shown)
