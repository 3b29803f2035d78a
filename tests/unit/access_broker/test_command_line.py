"""Reading command lines: whose option an option is, mistakes, help and its examples."""

from __future__ import annotations

import json
import shlex
import sys

import pytest

from access_broker.command_line.catalogue import MODULES, commands_of
from access_broker.command_line.parse import parse
from access_broker.failures import Misused

EVERY_COMMAND = [(name, command) for word in MODULES for name, command in commands_of(word).items()]


@pytest.mark.parametrize(
    "words",
    [
        ["aws", "configure", "list", "--region", "eu-west-1"],
        ["tool", "--profile", "bob"],
        ["tool", "--json", "--help", "-h", "--", "--for", "5m"],
        ["--", "tool", "--profile", "bob"],
        ["--", "--tool"],
    ],
)
def test_all_words_from_the_program_on_are_the_programs(words):
    call = parse(["exec", "ec2-full", "--for", "1h", *words])
    assert call.given.texts("command") == [word for place, word in enumerate(words) if place or word != "--"]
    assert (call.given.text("region"), call.given.text("profile"), call.given.flag("json")) == (None, None, False)
    assert call.given.number("for") == 3600


def test_the_program_gets_its_options_and_broker_signs_as_before(alice, contract):
    script = "import sys; print(sys.argv[1:])"
    done = alice.finish("exec", "ec2-full", sys.executable, "-c", script, "--region", "eu-west-1", "--profile", "bob")
    assert done.stdout == "['--region', 'eu-west-1', '--profile', 'bob']\n"
    assert [one.caller for one in contract.seen] == ["alice"]


def test_options_of_broker_stand_before_the_program():
    given = parse(["--region", "r", "exec", "--reason", "x y", "ec2-full", "--refresh", "./run", "--reason", "z"]).given
    assert (given.text("region"), given.text("reason"), given.flag("refresh")) == ("r", "x y", True)
    assert given.texts("command") == ["./run", "--reason", "z"]


MISTAKES = {
    "a command": (["exce", "ec2-full"], "exec"),
    "a command of a group": (["roles", "shwo", "x"], "show"),
    "a group without a command": (["users"], "create"),
    "an option": (["creds", "ec2-full", "--resaon", "x"], "--reason"),
    "an option without its value": (["creds", "ec2-full", "--reason"], "TEXT"),
    "an option whose value is an option": (["creds", "ec2-full", "--reason", "--for", "1h"], "TEXT"),
    "a switch with a value": (["creds", "ec2-full", "--fresh=yes"], "--fresh"),
    "a choice": (["creds", "ec2-full", "--format", "powershel"], "powershell"),
    "a word too many": (["whoami", "alice"], "alice"),
    "a role left out": (["creds"], "ROLE"),
    "a program left out": (["exec", "ec2-full", "--"], "COMMAND"),
    "a comment left out": (["review", "01kxyz"], "--comment"),
    "a role's name": (["creds", "a/b"], "a role's name"),
    "an id": (["approve", "a/b"], "an id"),
    "a user's name": (["users", "show", "a b"], "a user's name"),
    "a number": (["sessions", "--limit", "many"], "--limit many"),
    "a number that is too large": (["sessions", "--limit", "9" * 30], "whole number"),
    "no number": (["sessions", "--limit", "0"], "whole number"),
    "a port": (["serve", "ec2-full", "--port", "99999"], "65535"),
    "a duration": (["creds", "ec2-full", "--for", "soon"], "--for soon: write a time such as 30m"),
    "a number for a time": (["sessions", "--since", "30"], "24h"),
    "a time that cannot be": (["sessions", "--since", "999999w"], "24h"),
    "a time in words": (["sessions", "--since", "yesterday"], "24h"),
}


@pytest.mark.parametrize(("words", "named"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_what_was_written_and_what_is_allowed(alice, contract, words, named):
    done = alice.run(*words)
    assert (done.returncode, done.stdout, contract.seen) == (2, "", [])
    assert named in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "text", ["24h", "7d", "2w", "1h30m", "2 hours", "2026-01-31", "2026-01-31 09:00", "20260131T09Z"]
)
def test_the_usual_forms_of_a_time_are_understood(text):
    assert parse(["sessions", "--since", text]).given.word("since").endswith("Z")


def test_a_session_of_five_minutes_is_refused_before_it_is_asked_for(alice, contract):
    done = alice.run("creds", "ec2-full", "--for", "5m")
    assert (done.returncode, contract.seen) == (2, [])
    assert "15 minutes" in done.stderr


@pytest.mark.parametrize(("name", "command"), EVERY_COMMAND, ids=[name for name, _ in EVERY_COMMAND])
def test_the_examples_of_the_help_are_command_lines_that_can_be_read(name, command):
    assert command.examples
    for example in command.examples:
        words = _broker_words(example)
        if words is not None and not command.passes_all:
            assert parse(words).command is not None, example


def _broker_words(example: str) -> list[str] | None:
    """The words after `broker`, up to a pipe or a redirection; None for another program."""
    inner = example.removeprefix('eval "$(').removesuffix(')"')
    words = shlex.split(inner, comments=False)
    end = next((place for place, word in enumerate(words) if word in {"|", ">", "&"}), len(words))
    return words[1:end] if words[0] == "broker" else None


@pytest.mark.parametrize(("name", "command"), EVERY_COMMAND, ids=[name for name, _ in EVERY_COMMAND])
def test_the_help_fits_80_columns_and_names_every_option(alice, name, command):
    if command.passes_all:
        return
    shown = alice.run(*name.split(), "--help", COLUMNS="80").stdout
    examples = shown.partition("Examples:")[2]
    assert max(map(len, shown.removesuffix(examples).splitlines())) <= 80
    assert [option.flag for option in command.options if option.flag not in shown] == []
    assert shown.startswith(f"Usage: broker {name}")


def test_help_in_the_programs_words_is_the_programs(alice):
    done = alice.finish("exec", "ec2-full", "--", sys.executable, "--help")
    assert "usage:" in done.stdout.lower()
    assert alice.run("exec", "ec2-full", "--help").stdout.startswith("Usage: broker exec")


def test_an_opposite_flag_says_no():
    assert parse(["users", "create", "dana", "--no-console"]).given.value("console") is False
    assert parse(["users", "create", "dana"]).given.value("console") is None


def test_an_option_that_is_not_there_is_not_guessed():
    with pytest.raises(Misused):
        parse(["creds", "ec2-full", "--rea", "x"])


def test_broker_alone_in_a_pipe_is_the_help(alice):
    assert alice.run().stdout.startswith("Usage: broker")


def test_the_version_asks_no_broker_and_no_framework(alice):
    done = alice.run("--version", BROKER_URL=None)
    assert (done.returncode, done.stdout.split()[0]) == (0, "broker")


def test_the_version_as_json_has_the_brokers_own_and_whether_they_fit(alice, contract):
    contract.public = {
        "/api/openapi.json": {"info": {"version": "1", "x-release": "1.2.3"}},
        "/api/health": {"deployment": "d", "policy_set": "p"},
    }
    done = json.loads(alice.run("--version", "--json").stdout)
    assert (done["broker"]["api"], done["broker"]["deployment"], done["fits"]) == ("1", "d", True)
    assert done["broker"]["version"] == "1.2.3"


@pytest.mark.parametrize(("api", "named"), [("2", "this command is too old"), ("0", "the broker is too old")])
def test_a_broker_of_another_api_is_told(alice, contract, api, named):
    contract.public = {"/api/openapi.json": {"info": {"version": api}}, "/api/health": {}}
    done = alice.run("--version", "--json")
    assert json.loads(done.stdout)["fits"] is False
    assert named in done.stderr


def test_the_version_is_told_without_a_broker_too(alice):
    done = alice.run("--version", "--json", BROKER_URL=None)
    assert json.loads(done.stdout)["broker"] is None
    assert "BROKER_URL" in done.stderr


def test_the_policy_tool_gets_its_words_as_they_are():
    assert parse(["--json", "policy", "check", "--help", "-x"]).given.texts("words") == ["check", "--help", "-x"]
    assert parse(["--json", "policy", "check"]).given.flag("json")
