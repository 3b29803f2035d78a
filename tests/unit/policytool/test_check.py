"""Complaints about policy files: file, line, and what to do."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from brokercli.policy import app
from policytool.check import check
from policytool.source import statements

HEAD = "// A comment; with a semicolon\n\n"


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A copy of the shipped policies to break."""
    shutil.copytree("policies", tmp_path / "policies")
    return tmp_path / "policies"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("permit (principal, action, resource);", 3, "no @id"),
        ('@id("x") permit (principal, action, resource) when { resource.foo == 1 };', 3, "attribute `foo`"),
        ('@id("x")\npermit (principal, action, resource) when {', 3, "unexpected end of input"),
        (
            '@id("x") @max_duration("soon") permit (principal, action, resource);',
            3,
            "@max_duration: expected a duration",
        ),
        ('@id("x") @approval("1") permit (principal, action, resource);', 3, "unknown annotation @approval"),
        (
            '@id("x")\npermit (\n  principal in Broker::Group::"enginers",\n  action, resource);',
            5,
            "unknown group 'enginers'",
        ),
        ('@id("x") permit (principal, action, resource == Broker::Role::"gone");', 3, "unknown role 'gone'"),
        (
            '@id("x") permit (principal, action, resource)\nwhen { principal.hasTag("taem") };',
            4,
            "unknown caller tag 'taem'",
        ),
        ('@id("x") permit (principal, action == Broker::Action::"Tkae", resource);', 3, "Tkae"),
        ('@id("own-team") permit (principal, action, resource);', 3, "taken by engineers.cedar:"),
    ],
)
def test_an_error_is_reported_with_file_and_line(policies: Path, text: str, line: int, message: str) -> None:
    (policies / "access" / "extra.cedar").write_text(HEAD + text + "\n")
    found = [one for one in check(policies) if one.level == "error"]
    assert any(one.file == "extra.cedar" and one.line == line and message in one.message for one in found), found


def test_a_group_of_actions_is_an_error_for_rules_are_selected_by_the_actions_they_name(policies: Path) -> None:
    schema = policies / "access" / "schema.cedarschema"
    text = schema.read_text().replace("  action SeeRole,", "  action Look in [Reading];\n  action SeeRole,")
    schema.write_text(text)
    assert any(one.file == schema.name and "may not be in groups" in one.message for one in check(policies))


def test_a_rule_that_matches_nothing_is_pointed_out(policies: Path) -> None:
    rule = """@id("never") permit (principal, action == Broker::Action::"SeeRole", resource)
        when { context.duration_seconds < 0 };"""
    (policies / "access" / "extra.cedar").write_text(rule)
    assert any("never matches nothing" in one.message for one in check(policies))


def test_a_shadowed_rule_is_pointed_out(policies: Path) -> None:
    rule = """@id("slower") @approvals("1") permit (principal in Broker::Group::"engineers",
        action == Broker::Action::"TakeCredentials", resource)
        when { resource.hasTag("access-broker:audience") &&
            resource.getTag("access-broker:audience") == "engineers" };"""
    (policies / "access" / "extra.cedar").write_text(rule)
    assert any("slower is shadowed" in one.message for one in check(policies))


def test_a_role_nobody_reaches_is_pointed_out(policies: Path) -> None:
    (policies / "roles" / "lonely.yaml").write_text("name: lonely\ntags: {}\n")
    assert any("nobody in the sample can reach the role lonely" in one.message for one in check(policies))


def test_a_caller_who_reaches_everything_is_pointed_out(policies: Path) -> None:
    for name in ("one", "two", "three"):
        (policies / "roles" / f"{name}.yaml").write_text(f"name: {name}\ntags: {{}}\n")
    rule = """@id("all") permit (principal in Broker::Group::"responders",
        action == Broker::Action::"TakeCredentials", resource);"""
    (policies / "access" / "extra.cedar").write_text(rule)
    assert any("a member of responders can take every role" in one.message for one in check(policies))


def test_semicolons_in_strings_and_comments_do_not_split_a_policy() -> None:
    first = '// a; b\n@id("x;y") // c; d\npermit (principal, action, resource);'
    text = first + '\n\n@id("z") forbid (principal, action, resource);'
    assert [(part.line, part.text.count(";")) for part in statements("a.cedar", text)] == [(2, 3), (5, 1)]


def test_the_command_says_what_is_wrong_and_fails(policies: Path) -> None:
    (policies / "access" / "extra.cedar").write_text("permit (principal, action, resource);")
    result = CliRunner().invoke(app, ["check", "--policies", str(policies)])
    assert result.exit_code == 1
    assert "extra.cedar:1: error: a policy has no @id" in result.output


def test_the_test_command_counts_cases_and_fails_when_one_does(policies: Path) -> None:
    passing = CliRunner().invoke(app, ["test", "--policies", str(policies)])
    assert passing.exit_code == 0
    assert "passed, 0 failed" in passing.output
    (policies / "access" / "engineers.cedar").unlink()
    failing = CliRunner().invoke(app, ["test", "--policies", str(policies), "--json"])
    assert failing.exit_code == 1
    assert json.loads(failing.output)["failed"]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("{caller: nobody, role: ec2, expect: allow}", "caller 'nobody' is not among"),
        ("{caller: a, role: nothing, expect: allow}", "role 'nothing' is neither"),
        ("{caller: a, role: ec2, expect: maybe}", "expect must be one of"),
        ("{caller: a, role: ec2, expects: allow}", "unknown field 'expects'"),
    ],
)
def test_a_case_nobody_could_mean_is_refused(policies: Path, case: str, message: str) -> None:
    text = f"callers: {{a: {{}}}}\nroles: {{ec2: {{}}}}\ncases:\n  - {case}\n"
    (policies / "access" / "cases" / "extra.yaml").write_text(text)
    result = CliRunner().invoke(app, ["test", "--policies", str(policies)])
    assert result.exit_code == 2
    assert message in result.output
