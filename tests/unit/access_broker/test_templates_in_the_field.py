"""Reports from the field about role templates: values as they are meant, complaints with their line, short plans."""

from __future__ import annotations

import json

import pytest

from tests.unit.access_broker.contract_server import problem


def test_a_deleted_user_is_looked_for_in_the_templates_of_the_checkout(alice, contract):
    contract.answers["DELETE", "/api/v1/users/dana"] = {"name": "dana", "roles": ["x", "z"]}
    roles = alice.home / "policies" / "roles"
    roles.mkdir(parents=True)
    (roles / "x.yaml").write_text("name: x\ntrust:\n  direct_users: [dana, erin]\n")
    (roles / "y.yaml").write_text("name: y\ntrust:\n  direct_users: [erin]\n")
    done = alice.run("users", "delete", "dana")
    assert "policies/roles/x.yaml" in done.stderr
    assert "y.yaml" not in done.stderr
    assert "The role z still names dana" in done.stderr
    assert "The role x " not in done.stderr


MEANT = {
    "a date": ("inline_policy:\n  Version: 2012-10-17\n", {"Version": "2012-10-17"}, "inline_policy"),
    "a number with a zero before it": ("tags: {id: 012345678901}\n", {"id": "012345678901"}, "tags"),
    "yes": ("description: yes\n", "yes", "description"),
    "a number as a text": ("description: 42\n", "42", "description"),
    "no as a switch": ("trust: {require_mfa: no}\n", {"require_mfa": False}, "trust"),
    "nothing": ("inline_policy: null\n", None, "inline_policy"),
    "an account": ("trust: {source_ips: [10.0]}\n", {"source_ips": ["10.0"]}, "trust"),
    "true in a policy": (
        "inline_policy: {Bool: {x: true, y: 'true'}}\n",
        {"Bool": {"x": True, "y": "true"}},
        "inline_policy",
    ),
    "seconds": ("max_session_seconds: 3600\n", 3600, "max_session_seconds"),
}


@pytest.mark.parametrize(("text", "value", "member"), MEANT.values(), ids=MEANT)
def test_a_value_of_a_template_is_read_as_it_is_meant(alice, contract, text, value, member):
    contract.answers["PUT", "/api/v1/roles/x"] = {"name": "x", "changes": []}
    (alice.home / "x.yaml").write_text(f"name: x\n{text}")
    assert alice.run("roles", "apply", "x.yaml").returncode == 0
    assert contract.seen[-1].body[member] == value


REFUSED = {
    "a key twice": ("description: a\ndescription: b\n", "x.yaml, line 3: description"),
    "a key twice below another": (
        "trust:\n  require_mfa: true\n  require_mfa: false\n",
        "x.yaml, line 4: trust.require_mfa",
    ),
    "words for seconds": ("max_session_seconds: 1h\n", "x.yaml, line 2: max_session_seconds"),
    "words for a switch": ("trust:\n  require_mfa: maybe\n", "x.yaml, line 3: trust.require_mfa"),
}


@pytest.mark.parametrize(("text", "place"), REFUSED.values(), ids=REFUSED)
def test_a_value_that_cannot_be_meant_is_refused_with_file_line_and_key(alice, contract, text, place):
    (alice.home / "x.yaml").write_text(f"name: x\n{text}")
    done = alice.run("roles", "apply", "x.yaml")
    assert (done.returncode, contract.seen) == (2, [])
    assert place in done.stderr


def test_the_brokers_own_complaint_names_the_line_of_the_template(alice, contract):
    fields = {"trust.direct_users": "zoe: no such user in this account"}
    contract.answers["PUT", "/api/v1/roles/x"] = problem(400, "invalid_request", "It does not fit.", fields=fields)
    (alice.home / "x.yaml").write_text("name: x\ntrust:\n  direct_users: [zoe]\n")
    done = alice.run("roles", "apply", "x.yaml")
    assert "x.yaml, line 3: trust.direct_users: zoe" in done.stderr


def test_a_plan_says_each_note_once_and_of_a_document_the_differences_only(alice, contract):
    old = {"Version": "2012-10-17", "Statement": [{"Sid": "Same"}, {"Sid": "Old"}]}
    new = {"Version": "2012-10-17", "Statement": [{"Sid": "Same"}, {"Sid": "New"}]}
    for name in ("x", "y"):
        (alice.home / f"{name}.yaml").write_text(f"name: {name}\n")
        change = {"attribute": "trust", "before": json.dumps(old), "after": new}
        contract.answers["PUT", f"/api/v1/roles/{name}"] = {"name": name, "changes": [change], "warnings": ["Mind it."]}
    shown = alice.run("roles", "plan", "x.yaml", "y.yaml").stdout
    assert shown.count("Mind it.") == 1
    assert "note: Mind it. (x, y)" in shown
    assert ("Same" in shown, shown.count("Old"), shown.count("New")) == (False, 2, 2)


def test_a_plan_shows_the_dead_id_of_a_user_who_was_made_again(alice, contract):
    def trust(user: str) -> dict[str, object]:
        return {"Version": "2012-10-17", "Statement": [{"Sid": "DirectlyByTheseUsers", "Principal": {"AWS": [user]}}]}

    (alice.home / "x.yaml").write_text("name: x\ntrust:\n  direct_users: [dana]\n")
    dana = "arn:aws:iam::000000000000:user/access-broker/dana"
    change = {"attribute": "trust", "before": trust("AIDADEAD"), "after": trust(dana)}
    contract.answers["PUT", "/api/v1/roles/x"] = {"name": "x", "changes": [change]}
    gone, come = alice.run("roles", "plan", "x.yaml").stdout.splitlines()[1:3]
    assert gone.strip().startswith("- trust")
    assert "AIDADEAD" in gone
    assert come.strip().startswith("+ trust")
    assert dana in come
