"""Clean-up through the real door: on its schedule, with its own role; days pass by its configuration."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from localaws.broker import PROVISION_FUNCTION
from localaws.profiles import session_with
from tests.e2e.auditing import ask, audit, eventually, take
from tests.e2e.cli_person import Person, at_a_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localaws.broker import Broker

FUNCTION = PROVISION_FUNCTION.replace("-provision", "-cleanup")
DENIED = "UnauthorizedOperation"
GRACE_DAYS = 31
TERMS = ("stale-after", "warn-after", "quarantine-after", "delete-after")
"""A role whose own tags say a day for each is stale while every other role of the broker is still needed."""


class Cleanup:
    """The deployed function: its schedule and its environment, put back after a test."""

    def __init__(self, broker: Broker) -> None:
        session = broker.session_for("admin")
        self._lambda, self._events = session.client("lambda"), session.client("events")
        self._logs = session.client("logs")
        self._found = self._lambda.get_function_configuration(FunctionName=FUNCTION)["Environment"]["Variables"]
        target = self._lambda.get_function(FunctionName=FUNCTION)["Configuration"]["FunctionArn"]
        (self._rule,) = self._events.list_rule_names_by_target(TargetArn=target)["RuleNames"]
        self._rate = self._events.describe_rule(Name=self._rule)["ScheduleExpression"]

    def configure(self, **settings: str) -> None:
        """`CLOCK_AHEAD="31d"` is BROKER_CLEANUP_CLOCK_AHEAD."""
        own = {f"BROKER_CLEANUP_{name}": value for name, value in settings.items()}
        self._lambda.update_function_configuration(
            FunctionName=FUNCTION, Environment={"Variables": {**self._found, **own}}
        )

    def every_minute(self) -> None:
        """The most often that EventBridge knows."""
        self._events.put_rule(Name=self._rule, ScheduleExpression="rate(1 minute)")

    def as_found(self) -> None:
        self._events.put_rule(Name=self._rule, ScheduleExpression=self._rate)
        self.configure()

    def run(self) -> dict[str, Any]:
        """What the function answers to the schedule's event."""
        event = {"version": "0", "id": "1", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
        whole = {**event, "time": "2026-11-23T12:00:00Z", "account": "", "region": "", "resources": []}
        invoked = self._lambda.invoke(FunctionName=FUNCTION, Payload=json.dumps(whole).encode())
        answer: dict[str, Any] = json.load(invoked["Payload"])
        return answer

    def counted(self, metric: str) -> int:
        """The sum of a metric that it has emitted so far."""
        pages = self._logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{FUNCTION}")
        lines = [event["message"] for page in pages for event in page["events"]]
        found = [json.loads(line) for line in lines if '"_aws"' in line and f'"{metric}"' in line]
        return sum(int(value) for document in found for value in as_list(document[metric]))


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.fixture
def cleanup(broker: Broker) -> Iterator[Cleanup]:
    function = Cleanup(broker)
    yield function
    function.as_found()


@pytest.fixture
def admin(broker: Broker, tmp_path: Path) -> Person:
    """An administrator of the broker at a terminal."""
    return at_a_terminal(broker, "admin", tmp_path)


@pytest.fixture
def shortlived(admin: Person) -> Iterator[Any]:
    """Makes roles that may do everything in EC2, each stage of whose end takes a day."""
    made: list[str] = []

    def make(*names: str) -> None:
        for name in names:
            tags = {f"access-broker:{term}": "1d" for term in TERMS}
            template = {
                "name": name,
                "description": "Everything in EC2",
                "managed_policies": ["AmazonEC2FullAccess"],
                "tags": {"access-broker:audience": "engineers", "access-broker:owner": "team-web", **tags},
            }
            path = admin.home / f"{name}.yaml"
            path.write_text(yaml.safe_dump(template))
            done = admin.broker("roles", "apply", str(path))
            assert done.returncode == 0, done.stderr
            made.append(name)

    yield make
    for name in made:
        admin.broker("roles", "delete", name)


def refusal(ec2: Any) -> str:
    """What EC2 says to somebody who asks for its instances; nothing if it answers."""
    try:
        ec2.describe_instances()
    except ec2.exceptions.ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def stages(broker: Broker, role: str, last: str) -> list[dict[str, Any]]:
    """What the audit log tells of a role's way out, once a run that took it to a stage has ended.

    A minute may pass until the schedule fires. A new configuration ends a
    function under way, and its lease keeps the next run out for two more.
    """

    def told() -> tuple[list[dict[str, Any]], bool]:
        details = [event["detail"] for event in audit(broker, "type=cleanup", lambda _: True)]
        ended = [one for one in details if "run" in one and last in one["changes"]]
        own = audit(broker, f"type=cleanup&role={role}", lambda _: True)
        return [event["detail"] for event in own], bool(ended)

    found, _ = eventually(told, lambda told: told[1] and told[0] and told[0][-1]["stage"] == last, seconds=180)
    return found


def in_slack(broker: Broker, part: str, at_least: int) -> list[str]:
    """What the channel shows that has this part, once there is enough of it."""

    def read() -> list[str]:
        texts = [json.dumps(one) for one in broker.slack.do("state")["messages"]]
        return [text for text in texts if part in text]

    return eventually(read, lambda found: len(found) >= at_least)


def test_a_stale_role_passes_every_stage_on_the_schedule_and_comes_back_with_one_command(
    broker: Broker, admin: Person, cleanup: Cleanup, shortlived: Any
) -> None:
    """The schedule alone makes the first run; with it on, the later ones are not waited for but invoked as it does."""
    shortlived("retired")
    _, ec2 = take(broker, "alice", "retired")
    assert refusal(ec2) == ""
    cleanup.every_minute()
    for days, stage in enumerate(("reported", "warned", "quarantined", "deleted"), GRACE_DAYS):
        cleanup.configure(CLOCK_AHEAD=f"{days}d", UP_TO="deleted")
        if stage != "reported":
            cleanup.run()
        told = stages(broker, "retired", stage)
        assert told[-1]["stage"] == stage
        assert refusal(ec2) == (DENIED if stage in {"quarantined", "deleted"} else "")
    assert [(one["before"], one["stage"], one["owner"], bool(one["what_to_do"])) for one in told] == [
        ("alive", "reported", "team-web", False),
        ("reported", "warned", "team-web", True),
        ("warned", "quarantined", "team-web", True),
        ("quarantined", "deleted", "team-web", True),
    ]
    shown = in_slack(broker, "retired: ", 3)
    assert len(shown) == len([one for one in shown if "Owner: team-web" in one]) == 3
    # 422 where a container remembers the role: AWS itself refuses it then.
    assert ask(broker, "alice", "POST", "/v1/credentials", {"role": "retired"}).status in {404, 422}
    cleanup.as_found()
    restored = admin.broker("roles", "restore", "retired")
    assert restored.returncode == 0, restored.stderr
    _, again = take(broker, "alice", "retired")
    assert refusal(again) == ""


def test_a_dry_run_shows_a_table_and_changes_nothing(
    broker: Broker, admin: Person, cleanup: Cleanup, shortlived: Any
) -> None:
    shortlived("idle")
    cleanup.configure(CLOCK_AHEAD=f"{GRACE_DAYS}d")
    for _ in range(2):
        shown = admin.broker("cleanup", "--dry-run")
        assert shown.returncode == 0, shown.stderr
        header, row = (line.split("\t") for line in shown.stdout.splitlines())
        assert header == ["role", "stage", "would become", "next stage", "at the earliest", "owner", "reason"]
        assert (row[:4], row[5]) == (["idle", "new", "reported", "warned"], "team-web")
        assert "days ago (limit 1)" in row[6]
        assert "Clean-up goes as far as reported." in shown.stderr
    report = json.loads(admin.broker("cleanup", "--dry-run", "--json").stdout)
    assert (report["dry_run"], report["complete"], report["failures"]) == (True, True, [])
    assert report["budget"] == {"wanted": 0, "limit": report["budget"]["limit"], "exceeded": False}
    assert report["alive"]["used"] >= 1


def test_a_run_over_its_budget_takes_no_role_and_says_so_everywhere(
    broker: Broker, admin: Person, cleanup: Cleanup, shortlived: Any
) -> None:
    shortlived("due-1", "due-2")
    before = cleanup.counted("CleanupBudgetExceeded")
    settings = {"UP_TO": "deleted", "BUDGET_ROLES": "1", "BUDGET_PERCENT": "100"}
    cleanup.configure(CLOCK_AHEAD=f"{GRACE_DAYS}d", **settings)
    first = cleanup.run()["result"]
    assert {role["name"]: role["change"] for role in first["roles"]} == {"due-1": "reported", "due-2": "reported"}
    assert (first["failures"], first["complete"], first["budget"]["exceeded"]) == ([], True, False)
    cleanup.configure(CLOCK_AHEAD=f"{GRACE_DAYS + 1}d", **settings)
    second = cleanup.run()["result"]
    assert second["budget"] == {"wanted": 2, "limit": 1, "exceeded": True}
    assert {role["change"] for role in second["roles"]} == {""}
    assert eventually(lambda: cleanup.counted("CleanupBudgetExceeded"), lambda now: now > before) == before + 1
    shown = admin.broker("cleanup", "--dry-run")
    assert "Over its budget: 2 roles wanted, 1 allowed; it would change none." in shown.stderr
    told = audit(broker, "type=cleanup", lambda found: any(one["detail"].get("run") == second["run"] for one in found))
    (summary,) = [one["detail"] for one in told if one["detail"].get("run") == second["run"]]
    assert summary["budget"] == second["budget"]


def test_of_two_runs_at_once_one_makes_the_step(broker: Broker, cleanup: Cleanup, shortlived: Any) -> None:
    shortlived("contested")
    for days in (GRACE_DAYS, GRACE_DAYS + 1, GRACE_DAYS + 2):
        cleanup.configure(CLOCK_AHEAD=f"{days}d", UP_TO="quarantined")
        with ThreadPoolExecutor(max_workers=2) as both:
            answers = [future.result() for future in [both.submit(cleanup.run) for _ in range(2)]]
        assert any(answer["ok"] for answer in answers)
        assert {answer["error"]["code"] for answer in answers if not answer["ok"]} <= {"conflict"}
    told = [one["stage"] for one in stages(broker, "contested", "quarantined")]
    assert told == ["reported", "warned", "quarantined"]


def test_an_old_key_is_warned_of_deactivated_and_comes_back_with_one_command(
    broker: Broker, admin: Person, cleanup: Cleanup
) -> None:
    made = ask(broker, "admin", "PUT", "/v1/users/old-olga", {"groups": ["engineers"], "access_key": True})
    key = made.document["access_key"]["access_key_id"]
    olga = session_with(key, made.document["access_key"]["secret_access_key"], region=broker.region)
    settings = {"UP_TO": "deactivated", "AFTER": "1d", "WARNING": "1d"}
    keys = {f"KEYS_{name}": value for name, value in settings.items()}
    for days, stage in ((1, "reported"), (8, "warned"), (9, "deactivated")):
        assert ask(broker, olga, "GET", "/v1/whoami").status == 200
        cleanup.configure(CLOCK_AHEAD=f"{days}d", BUDGET_ROLES="1000", BUDGET_PERCENT="100", **keys)
        changes = {one["id"]: one["change"] for one in cleanup.run()["result"]["keys"]}
        assert changes[key] == stage
    assert eventually(lambda: ask(broker, olga, "GET", "/v1/whoami").status, lambda status: status != 200) == 403
    assert len([text for text in in_slack(broker, key, 2) if "Owner: old-olga" in text]) == 2
    for words in (f"Active again: {key}.", "No key of old-olga"):
        restored = admin.broker("keys", "restore", "old-olga")
        assert (restored.returncode, words in restored.stdout) == (0, True), restored
    assert ask(broker, olga, "GET", "/v1/whoami").status == 200
    (mine,) = ask(broker, olga, "GET", "/v1/me").document["access_keys"]
    assert (mine["status"], mine["cleanup"]) == ("Active", None)
    (again,) = [one["change"] for one in cleanup.run()["result"]["keys"] if one["id"] == key]
    assert again == "reported"  # on its way anew: on this clock nine days have passed since
    assert ask(broker, olga, "POST", "/v1/users/old-olga/access-keys/restore").status == 403


@pytest.mark.parametrize("who", ["alice", "bob", "carol"])
def test_nobody_but_an_administrator_looks_and_nobody_cleans_up_over_http(broker: Broker, who: str) -> None:
    assert ask(broker, who, "POST", "/v1/cleanup", {"dry_run": True}).status in {403, 404}
    for body in ({}, {"dry_run": False}):
        assert ask(broker, "admin", "POST", "/v1/cleanup", body).status == 400
