"""Complaints about policy files: file, line, and what to do."""

from functools import cache
from os.path import normpath
from pathlib import Path

import pytest

from policytool.check import check
from policytool.known_entities import vocabulary
from policytool.source import Complaint, statements
from tests.unit.policytool.command import policy_tool
from tests.wording import names

HEAD = "// A comment; with a semicolon\n\n"


@cache
def _shipped() -> list[Complaint]:
    return check(Path("policies"))


def added(policies: Path) -> list[Complaint]:
    """The findings that the shipped policies do not have."""
    return [one for one in check(policies) if one not in _shipped()]


@pytest.mark.parametrize(
    ("text", "line", "named"),
    [
        ("permit (principal, action, resource);", 3, "@id"),
        ('@id("x") permit (principal, action, resource) when { resource.foo == 1 };', 3, "`foo`"),
        ('@id("x")\npermit (principal, action, resource) when {', 3, "end of input"),
        (
            '@id("x") @max_duration("soon") permit (principal, action, resource);',
            3,
            "@max_duration",
        ),
        ('@id("x") @approval("1") permit (principal, action, resource);', 3, "@approval"),
        (
            '@id("x")\npermit (\n  principal in Broker::Group::"enginers",\n  action, resource);',
            5,
            "'enginers'",
        ),
        ('@id("x") permit (principal, action, resource == Broker::Role::"gone");', 3, "'gone'"),
        (
            '@id("x") permit (principal, action, resource)\nwhen { principal.hasTag("taem") };',
            4,
            "'taem'",
        ),
        ('@id("x") permit (principal, action == Broker::Action::"Tkae", resource);', 3, "Tkae"),
        ('@id("own-team") permit (principal, action, resource);', 3, "engineers.cedar"),
        ('@id( "own-team" ) permit (principal, action, resource);', 3, "engineers.cedar"),
        ('@id("x")\npermit (principal,\naction in [],\nresource);', 3, "empty set"),
        (
            '@id("x") forbid (principal == ?principal, action, resource);',
            3,
            "?principal",
        ),
        (
            '@id("x") permit (principal, action, resource)\nwhen { principal in Broker::Group::"111111111111:ci" };',
            4,
            "name it in the scope",
        ),
        (
            '@id("x") @max_duration("99999999999d") permit (principal, action, resource);',
            3,
            "999999999",
        ),
    ],
)
def test_an_error_is_reported_with_file_and_line(policies: Path, text: str, line: int, named: str) -> None:
    (policies / "access" / "extra.cedar").write_text(HEAD + text + "\n")
    found = [one for one in check(policies) if one.level == "error"]
    assert any(one.file == "extra.cedar" and one.line == line and names(one.message, named) for one in found), found


TAKE = 'permit (principal in Broker::Group::"engineers", action == Broker::Action::"TakeCredentials", resource);'


@pytest.mark.parametrize(
    ("terms", "rule", "named"),
    [
        ('@max_duration("10m")', TAKE, ("@max_duration", "15m", "60m", "10m")),
        ('@max_duration("0s")', TAKE, ("@max_duration", "15m", "60m", "0s")),
        ('@max_duration("12h")', TAKE, ("@max_duration", "15m", "60m", "12h")),
        ('@approvals("1")\n@grant("29m")', TAKE, ("@grant", "30m", "30d", "29m")),
        ('@approvals("1")\n@grant("31d")', TAKE, ("@grant", "30m", "30d", "31d")),
        ('@grant("8h")', TAKE, ("@grant", "approvals")),
        ('@approvals("1")', TAKE.replace("permit", "forbid"), ("@approvals", "forbid")),
        ('@reason("required")', TAKE.replace("permit", "forbid"), ("@reason", "forbid")),
        ('@approvals("1")', TAKE.replace("TakeCredentials", "Provision"), ("@approvals", "OpenConsole")),
        ('@approvals("1")', TAKE.replace("TakeCredentials", "BreakGlass"), ("@approvals", "OpenConsole")),
        ('@approvals("1")', "permit (principal, action, resource);", ("@approvals", "OpenConsole")),
        ('@reason("required")', TAKE.replace("TakeCredentials", "Provision"), ("@reason", "Approve", "AskForOthers")),
    ],
)
def test_a_term_that_can_never_work_is_reported_where_it_stands(
    policies: Path, terms: str, rule: str, named: tuple[str, ...]
) -> None:
    (policies / "access" / "extra.cedar").write_text(f'@id("x")\n{terms}\n{rule}\n')
    found = [one for one in check(policies) if one.level == "error"]
    assert [(one.file, one.line) for one in found] == [("extra.cedar", 2 + terms.count("\n"))]
    assert names(found[0].message, *named)


@pytest.mark.parametrize(
    "text",
    [
        f'@id("x") @max_duration("15m") {TAKE}',
        f'@id("x") @approvals("2") @reason("required") @grant("30d") @max_duration("1h") {TAKE}',
        f'@id("x") @reason("required") {TAKE.replace("TakeCredentials", "Revoke")}',
        f'// as @id("own-team")\n@id("x") // not @id("own-team")\n{TAKE}',
    ],
)
def test_terms_that_work_and_ids_in_comments_are_no_error(policies: Path, text: str) -> None:
    (policies / "access" / "extra.cedar").write_text(text)
    assert [str(one) for one in check(policies) if one.level == "error"] == []


def test_a_schema_that_does_not_parse_is_an_error(policies: Path) -> None:
    (policies / "access" / "schema.cedarschema").write_text("namespace Broker { entty Group; }")
    assert [(one.file, one.level) for one in check(policies)] == [("schema.cedarschema", "error")]


def test_a_group_of_actions_is_an_error_for_rules_are_selected_by_the_actions_they_name(policies: Path) -> None:
    schema = policies / "access" / "schema.cedarschema"
    text = schema.read_text().replace(
        "  action SeeRole,", "  action Reading;\n  action Look in [Reading];\n  action SeeRole,"
    )
    schema.write_text(text)
    assert [(one.file, one.level) for one in added(policies)] == [(schema.name, "error")]


def test_a_rule_that_matches_nothing_is_pointed_out(policies: Path) -> None:
    rule = """@id("never") permit (principal, action == Broker::Action::"SeeRole", resource)
        when { context.duration_seconds < 0 };"""
    (policies / "access" / "extra.cedar").write_text(rule)
    assert [names(one.message, "never") for one in added(policies)] == [True]


def test_a_shadowed_rule_is_pointed_out(policies: Path) -> None:
    rule = """@id("slower") @approvals("1") permit (principal in Broker::Group::"engineers",
        action == Broker::Action::"TakeCredentials", resource)
        when { resource.hasTag("access-broker:audience") &&
            resource.getTag("access-broker:audience") == "engineers" };"""
    (policies / "access" / "extra.cedar").write_text(rule)
    assert [names(one.message, "slower") for one in added(policies)] == [True]


def test_a_role_nobody_reaches_is_pointed_out_at_its_name(policies: Path) -> None:
    (policies / "roles" / "lonely.yaml").write_text("# alone\nname: lonely\ntags: {}\n")
    found = added(policies)
    assert [(one.file, one.line, names(one.message, "lonely")) for one in found] == [("../roles/lonely.yaml", 2, True)]


EVERY_ROLE = """@id("all") permit (principal in Broker::Group::"responders",
    action == Broker::Action::"TakeCredentials", resource);"""


def test_a_caller_who_reaches_everything_is_pointed_out_at_the_rule(policies: Path) -> None:
    (policies / "access" / "extra.cedar").write_text(f"// all\n{EVERY_ROLE}")
    found = added(policies)
    assert any(names(one.message, "a member of responders") for one in found)
    assert {(one.file, one.line) for one in found} == {("extra.cedar", 2)}


def test_roles_behind_an_approval_are_not_reached_alone(policies: Path) -> None:
    (policies / "access" / "extra.cedar").write_text(EVERY_ROLE.replace("permit", '@approvals("1") permit'))
    assert added(policies) == []


def test_the_shipped_policies_leave_nothing_to_complain_of() -> None:
    assert _shipped() == []


def test_semicolons_in_strings_and_comments_do_not_split_a_policy() -> None:
    first = '// a; b\n@id("x;y") // c; d\npermit (principal, action, resource);'
    text = first + '\n\n@id("z") forbid (principal, action, resource);'
    assert [(part.line, part.text.count(";")) for part in statements("a.cedar", text)] == [(2, 3), (5, 1)]


def test_the_command_says_what_is_wrong_and_fails(policies: Path) -> None:
    (policies / "access" / "extra.cedar").write_text("permit (principal, action, resource);")
    result = policy_tool("check", "--policies", str(policies))
    assert result.code == 1
    assert names(result.output, "extra.cedar:1: error:", "@id")


def test_a_case_that_makes_no_sense_is_an_error_of_the_check_too(policies: Path) -> None:
    (policies / "access" / "cases" / "extra.yaml").write_text("callers: {a: {}}\ncases:\n  - {caller: b}\n")
    found = [str(one) for one in check(policies) if one.level == "error"]
    assert [names(text, "cases/extra.yaml:3: error:", "'b'", "a") for text in found] == [True]


UNREADABLE = [
    ("access/vocabulary.yaml", b"groups:\n  - a\n bad: [\n", "vocabulary.yaml:3: error: ", "YAML"),
    ("access/vocabulary.yaml", b"- engineers\n", "vocabulary.yaml:1: error: ", "caller_tags"),
    ("access/vocabulary.yaml", b"groups: engineers\n", "vocabulary.yaml:1: error: ", "'groups'"),
    ("access/vocabulary.yaml", b"groups:\n  - a: b\n", "vocabulary.yaml:1: error: ", "'groups'"),
    ("access/vocabulary.yaml", b"groups:\n- \x07\n", "vocabulary.yaml:2: error: ", "YAML"),
    ("roles/ec2-full.yaml", b"name: ec2-full\ntags: [\n", "../roles/ec2-full.yaml:3: error: ", "YAML"),
    ("roles/ec2-full.yaml", b"tags: {}\n", "../roles/ec2-full.yaml:1: error: ", "name"),
    (
        "roles/ec2-full.yaml",
        b"name: ec2-full\nmax_session_seconds: 1h\n",
        "../roles/ec2-full.yaml:1: error: ",
        "max_session_seconds",
    ),
    (
        "roles/ec2-full.yaml",
        b"name: a\ntags: {}\ntags: {}\n",
        "../roles/ec2-full.yaml:3: error: ",
        "tags is there twice",
    ),
    ("access/vocabulary.yaml", b"groups: []\ngroups: []\n", "vocabulary.yaml:2: error: ", "groups is there twice"),
    ("access/engineers.cedar", b"// fine\n// caf\xe9\n", "engineers.cedar:2: error: ", "UTF-8"),
    ("access/cases/engineers.yaml", b"cases:\n# caf\xe9\n", "cases/engineers.yaml:2: error: ", "UTF-8"),
    ("access/schema.cedarschema", b"// caf\xe9\n", "schema.cedarschema:1: error: ", "UTF-8"),
]


@pytest.mark.parametrize(("file", "content", "place", "named"), UNREADABLE)
def test_a_file_that_cannot_be_read_is_reported_where_it_is_wrong(
    policies: Path, file: str, content: bytes, place: str, named: str
) -> None:
    (policies / file).write_bytes(content)
    checked = policy_tool("check", "--policies", str(policies))
    assert checked.code == 1
    whole = normpath(policies / "access" / place)
    assert any(line.startswith(whole) and names(line, named) for line in checked.output.splitlines()), checked.output


@pytest.mark.parametrize(("file", "content", "place", "named"), UNREADABLE)
def test_no_case_is_run_beside_a_file_that_cannot_be_read(
    policies: Path, file: str, content: bytes, place: str, named: str
) -> None:
    (policies / file).write_bytes(content)
    tested = policy_tool("test", "--policies", str(policies))
    assert tested.code == 2
    assert tested.output.startswith(place.replace(" error:", ""))
    assert names(tested.output, named)


def test_a_template_is_read_as_it_is_written(policies: Path) -> None:
    text = "name: odd\ninline_policy: {Version: 2012-10-17}\ntags: {access-broker:audience: 012, x: yes}\n"
    (policies / "roles" / "odd.yaml").write_text(text)
    assert vocabulary(policies).roles["odd"].tags == {"access-broker:audience": "012", "x": "yes"}
