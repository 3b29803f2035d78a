"""`broker roles`: what one may have, and making it so."""

import json
from pathlib import Path
from typing import Any

import pytest

from access_broker.command_line.catalogue import MODULES
from tests.unit.access_broker.contract_server import problem

CHECKOUT = Path(__file__).parents[3]
TEMPLATE = """\
name: {name}
description: Everything in EC2
managed_policies: [AmazonEC2FullAccess]
inline_policy: null
trust: {{through_broker: true}}
"""


@pytest.fixture
def templates(alice):
    folder = alice.home / "policies" / "roles"
    folder.mkdir(parents=True)
    for name in ("a-role", "b-role"):
        (folder / f"{name}.yaml").write_text(TEMPLATE.format(name=name))
    return folder


def applied(name: str, *changes: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "switch_role_url": None,
        "not_switchable_because": "",
        "warnings": [],
        "changes": list(changes),
    }


CREATED = {"attribute": "role", "item": "", "before": None, "after": "created"}


def test_roles_lists_the_terms(alice, contract):
    contract.add_role("prod", access="approval", approvals=2, reason_required=True, switch_role_url="https://switch")
    lines = [line.split("\t") for line in alice.run("roles").stdout.splitlines()]
    assert lines[0][:4] == ["name", "access", "longest", "reason"]
    assert lines[2][:4] == ["prod", "2 approvals", "1 h", "required"]
    assert lines[2][5] == "https://switch"


def test_roles_reads_every_page(alice, contract):
    for number in range(205):
        contract.add_role(f"role-{number}")
    assert len(json.loads(alice.run("roles", "--json").stdout)) == 206


def test_a_limit_reads_no_more_than_it_needs(alice, contract):
    for number in range(205):
        contract.add_role(f"role-{number}")
    assert len(json.loads(alice.run("roles", "--limit", "3", "--json").stdout)) == 3
    assert [seen.query["limit"] for seen in contract.seen] == ["3"]


def test_a_role_with_odd_letters_is_asked_for_by_its_own_name(alice, contract):
    contract.add_role("a+b=c,d@e")
    assert json.loads(alice.run("roles", "show", "a+b=c,d@e", "--json").stdout)["name"] == "a+b=c,d@e"


def test_plan_changes_nothing_and_says_what_would(alice, contract, templates):
    change = {"attribute": "description", "item": "", "before": "old", "after": "Everything in EC2"}
    contract.answers["PUT", "/api/v1/roles/a-role"] = applied("a-role", change)
    contract.answers["PUT", "/api/v1/roles/b-role"] = applied("b-role")
    done = alice.run("roles", "plan")
    assert done.returncode == 0, done.stderr
    assert "~ a-role\n    - description: old\n    + description: Everything in EC2\n" in done.stdout
    assert "b-role: as its template says" in done.stdout
    assert "1 of 2 roles would change" in done.stdout
    assert {seen.query.get("dry_run") for seen in contract.seen} == {"true"}


def test_apply_sends_each_template_as_it_is_written(alice, contract, templates):
    for name in ("a-role", "b-role"):
        contract.answers["PUT", f"/api/v1/roles/{name}"] = applied(name, CREATED)
    done = alice.run("roles", "apply", str(templates))
    assert "+ a-role" in done.stdout
    body = contract.seen[0].body
    assert body["managed_policies"] == ["AmazonEC2FullAccess"]
    assert body["inline_policy"] is None
    assert contract.seen[0].query == {}


def test_one_template_that_fails_does_not_keep_the_others_back(alice, contract, templates):
    contract.answers["PUT", "/api/v1/roles/a-role"] = problem(
        400, "invalid_request", "It climbs.", fields={"inline_policy": "PassAnyRole"}
    )
    contract.answers["PUT", "/api/v1/roles/b-role"] = applied("b-role", CREATED)
    done = alice.run("roles", "apply", "--json")
    assert done.returncode == 2
    assert [role["name"] for role in json.loads(done.stdout)] == ["b-role"]
    assert "PassAnyRole" in done.stderr
    assert "1 of 2 templates failed" in done.stderr


def test_a_broker_that_is_away_is_not_asked_for_every_template(alice, contract, templates):
    contract.scripted = [(500, {"message": "down"}, {})] * 2
    assert alice.run("roles", "apply").returncode == 5
    assert len(contract.scripted) == 1


@pytest.mark.parametrize(
    ("content", "word"),
    [("- a\n- b\n", "mapping"), ("name: [", "YAML"), ("description: x\n", "name"), ("name: a-role\n", "a-role")],
    ids=["a list", "not YAML", "no name", "a name twice"],
)
def test_a_template_at_fault_is_named_before_anything_is_sent(alice, contract, templates, content, word):
    (templates / "z.yaml").write_text(content)
    done = alice.run("roles", "apply")
    assert done.returncode == 2
    assert "z.yaml" in done.stderr
    assert word in done.stderr
    assert contract.seen == []


def test_without_templates_it_says_where_it_looked(alice):
    done = alice.run("roles", "plan")
    assert (done.returncode, "policies/roles" in done.stderr) == (2, True)


def test_delete_says_how_to_bring_it_back_and_restore_what_stays_lost(alice, contract):
    contract.answers["DELETE", "/api/v1/roles/ec2-full"] = {"name": "ec2-full", "export": {}}
    restored = {"name": "ec2-full", "changes": [], "cannot_come_back": ["the unique id"]}
    contract.answers["POST", "/api/v1/roles/ec2-full/restore"] = restored
    assert "broker roles restore ec2-full" in alice.run("roles", "delete", "ec2-full").stdout
    assert "cannot come back: the unique id" in alice.run("roles", "restore", "ec2-full").stdout


def test_explain_shows_every_layer_and_the_change_that_would_open_it(alice, contract):
    layer = {"layer": "trust policy", "verdict": "closed", "by": "Sid1", "detail": "No.", "change": "Add x."}
    contract.answers["POST", "/api/v1/explain"] = {
        "caller": "alice",
        "role": "ec2-full",
        "allowed": False,
        "layers": [layer],
        "change": "Add x.",
    }
    done = alice.run("explain", "ec2-full", "--operation", "ec2:RunInstances", "--for", "2h")
    assert "alice may not call ec2:RunInstances with ec2-full." in done.stdout
    assert "trust policy\tclosed\tSid1\tNo." in done.stdout
    assert "To open it: Add x." in done.stdout
    assert contract.posted("/api/v1/explain")[0]["duration_seconds"] == 3600  # as creds would ask
    alice.run("explain", "ec2-full", "--mfa")
    assert [asked.get("mfa") for asked in contract.posted("/api/v1/explain")] == [None, True]
    assert "an hour at most, not 2 h" in done.stderr


def test_cleanup_needs_the_word_that_it_only_looks(alice, contract):
    assert alice.run("cleanup").returncode == 2
    assert contract.seen == []


def test_cleanup_shows_what_is_stale_and_what_would_come_next(alice, contract):
    stale = {"name": "old-tool", "stage": "warned", "change": "quarantined", "next_stage": "deleted"}
    contract.answers["POST", "/api/v1/cleanup"] = {
        "up_to": "quarantined",
        "complete": True,
        "roles": [{**stale, "next_at": "2026-11-24T00:00:00.000Z", "owner": "team-web", "reason": "last used in June"}],
        "budget": {"wanted": 9, "limit": 2, "exceeded": True},
        "drift": [{"role": "ec2-full", "why": "an extra policy"}],
        "failures": [],
        "users": [{"name": "dana", "code": "never_signed_in", "why": "never signed in"}],
    }
    done = alice.run("cleanup", "--dry-run")
    row = done.stdout.splitlines()[1].split("\t")
    assert row[:4] == ["old-tool", "warned", "quarantined", "deleted"]
    assert "last used in June" in row
    for remark in ("9 roles wanted", "ec2-full: an extra policy", "dana: never signed in"):
        assert remark in done.stderr
    assert contract.posted("/api/v1/cleanup") == [{"dry_run": True}]


def test_a_role_that_was_granted_says_so(alice, contract):
    contract.add_role("prod", access="approval", approvals=1, active_grant="01kgrant")
    assert "1 approval, granted" in alice.run("roles").stdout


def test_a_role_in_quarantine_says_so(alice, contract):
    contract.add_role("old-tool", quarantined=True)
    assert "standing, quarantined" in alice.run("roles").stdout
    assert "standing, quarantined" in alice.run("roles", "show", "old-tool").stdout


def test_the_documentation_names_every_command(alice):
    documented = (CHECKOUT / "docs" / "cli.md").read_text()
    assert [name for name in MODULES if f"`{name}" not in documented] == []
