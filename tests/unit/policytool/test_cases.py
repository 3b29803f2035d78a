"""`broker policy test`: cases that fail when they should, and cases that nobody could mean."""

import json
from pathlib import Path

import pytest

from tests.unit.policytool.command import Done, policy_tool
from tests.wording import names


def test_the_test_command_counts_cases_and_fails_when_one_does(policies: Path) -> None:
    passing = policy_tool("test", "--policies", str(policies))
    assert passing.code == 0
    assert names(passing.output, "0 failed")
    (policies / "access" / "engineers.cedar").unlink()
    failing = policy_tool("test", "--policies", str(policies), "--json")
    assert failing.code == 1
    assert json.loads(failing.output)["failed"]


def test_a_policy_that_does_not_parse_runs_no_case(policies: Path) -> None:
    (policies / "access" / "extra.cedar").write_text("permit (")
    result = policy_tool("test", "--policies", str(policies))
    assert result.code == 2
    assert "extra.cedar: " in result.output


CASE = "cases:\n  - {caller: a, role: tools, expect: allow"
CASE_FILE = "callers: {a: {groups: [engineers]}}\nroles: {tools: {tags: {access-broker:audience: engineers}}}\n"


def tried(policies: Path, text: str) -> Done:
    for file in (policies / "access" / "cases").iterdir():
        file.unlink()
    (policies / "access" / "cases" / "extra.yaml").write_text(text)
    return policy_tool("test", "--policies", str(policies))


@pytest.mark.parametrize(
    ("case", "named"),
    [
        ("{caller: nobody, role: tools, expect: allow}", "'nobody'"),
        ("{caller: a, role: nothing, expect: allow}", "'nothing'"),
        ("{caller: a, expect: deny}", "None"),
        ("{caller: a, role: tools, expect: maybe}", "'maybe'"),
        ("{caller: a, role: tools, expects: allow}", "'expects'"),
        (
            "{caller: a, role: tools, action: Provisoin, expect: deny}",
            "'Provisoin'",
        ),
        ("{caller: a, role: tools, context: {sesion_tags: [team]}, expect: deny}", "'sesion_tags'"),
        ("{caller: a, role: tools, context: {session_tags: team}, expect: deny}", "'session_tags'"),
        ("{caller: a, role: tools, context: {reason: 'no'}, expect: reason}", "'reason'"),
        ("{caller: a, role: tools, context: {duration: soon}, expect: too_long}", "'soon'"),
        ("{caller: a, role: tools, expect: deny, max: 1h}", "expect"),
    ],
)
def test_a_case_nobody_could_mean_is_refused_with_its_line(policies: Path, case: str, named: str) -> None:
    result = tried(policies, f"{CASE_FILE}cases:\n  - {case}\n")
    assert result.code == 2
    assert result.output.startswith("cases/extra.yaml:4: ")
    assert names(result.output, named)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ("callers: {a: {group: [broker-administrators]}}", "'group'"),
        ("callers: {a: {groups: [broker-administratorz]}}", "'broker-administratorz'"),
        ("callers: {a: {tags: {taem: web}}}", "'taem'"),
        ("callers: {a: {groups: [[engineers]]}}", "['engineers']"),
        ("callers: {a: {kind: robot}}", "'robot'"),
        ("roles: {b: {tag: {team: web}}}", "'tag'"),
        ("roles: {b: {tags: {audience: web}}}", "'audience'"),
        ("case: []", "'case'"),
        ("cases: [just words]", "caller"),
        ("cases: [", "YAML"),
    ],
)
def test_a_name_nothing_knows_is_refused_wherever_it_stands_in_a_case_file(
    policies: Path, wrong: str, named: str
) -> None:
    result = tried(policies, wrong + "\n")
    assert result.code == 2
    assert names(result.output, named)


@pytest.mark.parametrize(
    ("stated", "named"),
    [("max: 30m", ("max=1800", "engineers-standing", "max=3600")), ("approvals: 1", ("engineers-standing",)),
     ("grant: 8h", ("grant=28800", "engineers-standing", "grant=3600"))],
)  # fmt: skip
def test_a_case_that_states_other_terms_than_the_rule_has_fails(
    policies: Path, stated: str, named: tuple[str, ...]
) -> None:
    result = tried(policies, f"{CASE_FILE}{CASE}, by: engineers-standing, {stated}}}\n")
    assert result.code == 1
    assert names(result.output, *named)


def test_a_case_about_any_action_is_decided_as_the_broker_would(policies: Path) -> None:
    (policies / "access" / "extra.cedar").write_text(
        '@id("two") @approvals("2") permit (principal in Broker::Group::"responders",'
        ' action == Broker::Action::"Provision", resource);'
    )
    text = (
        "callers: {a: {groups: [responders]}}\ncases:\n  - {caller: a, action: Provision, expect: approval, by: two}\n"
    )
    assert tried(policies, text).code == 0


IN_A_SANDBOX = """
callers: {a: {}}
roles:
  tools: {home: {id: "111111111111", alias: dev, ou_path: /Sandbox/Team, tags: {env: dev}}}
  own: {}
cases:
  - {caller: a, role: tools, expect: allow, by: sandboxes}
  - {caller: a, role: own, expect: deny, by: auditors-read-only-roles}
"""
SANDBOXES = """
@id("sandboxes") @description("Every caller may take what is under /Sandbox")
permit (principal, action == Broker::Action::"TakeCredentials", resource in Broker::OrganizationalUnit::"/Sandbox")
when { resource has home && resource.home.hasTag("env") && resource.home.getTag("env") == "dev" };
"""


def test_a_case_states_the_member_account_of_a_role(policies: Path) -> None:
    (policies / "access" / "sandboxes.cedar").write_text(SANDBOXES)
    result = tried(policies, IN_A_SANDBOX)
    assert result.code == 0, result.output
    elsewhere = tried(policies, IN_A_SANDBOX.replace("/Sandbox/Team", "/Production"))
    assert elsewhere.code == 1


def test_a_member_account_in_a_case_has_twelve_digits(policies: Path) -> None:
    assert tried(policies, IN_A_SANDBOX.replace("111111111111", "dev")).code == 2


FROM_A_MEMBER = """
callers:
  ci/build-7: {kind: role, home: {id: "111111111111", ou_path: /Sandbox}}
  sso/ann: {kind: role, groups: [sso/BrokerApprovers], home: {id: "111111111111"}}
  hub-ci/build-7: {kind: role}
  tess: {groups: [engineers]}
roles:
  tools: {tags: {access-broker:audience: engineers}}
cases:
  - {caller: ci/build-7, role: tools, expect: allow, by: ci}
  - {caller: sso/ann, role: tools, expect: allow, by: ann}
  - {caller: hub-ci/build-7, role: tools, expect: deny, by: engineers-standing}
  - {caller: tess, role: tools, expect: allow, by: engineers-standing}
"""
MEMBERS = """
@id("ci") permit (principal in Broker::Group::"111111111111:ci", action, resource);
@id("ann") permit (principal in Broker::Group::"111111111111:sso/BrokerApprovers", action, resource);
"""


@pytest.fixture
def members(policies: Path) -> Path:
    (policies / "access" / "members.cedar").write_text(MEMBERS)
    words = policies / "access" / "vocabulary.yaml"
    groups = 'groups:\n  - "111111111111:ci"\n  - "111111111111:sso/BrokerApprovers"\n'
    words.write_text(words.read_text().replace("groups:\n", groups))
    return policies


def test_a_case_states_the_member_account_of_a_caller(members: Path) -> None:
    result = tried(members, FROM_A_MEMBER)
    assert result.code == 0, result.output
    assert tried(members, FROM_A_MEMBER.replace("111111111111", "222222222222")).code == 1


@pytest.mark.parametrize(
    ("stated", "instead"),
    [
        ("{kind: role, home", "{home"),
        ("  ci/build-7: {", "  ci: {"),
        ("ou_path: /Sandbox}", "ou_path: /Sandbox}, tags: {team: web}"),
        ("{kind: role, home", "{kind: role, groups: [engineers], home"),
        ("groups: [sso/BrokerApprovers], ", ""),
        ('id: "111111111111"', "id: dev"),
        ("tess: {groups: [engineers]}", 'tess: {groups: ["111111111111:ci"]}'),
    ],
)
def test_a_member_accounts_caller_that_cannot_be_is_no_case(members: Path, stated: str, instead: str) -> None:
    assert stated in FROM_A_MEMBER
    assert tried(members, FROM_A_MEMBER.replace(stated, instead, 1)).code == 2
