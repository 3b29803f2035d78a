"""Completion of commands, options and names; and the scripts that shells read."""

import shutil
import subprocess
import sys

import pytest

from access_broker.commands.completing import SCRIPTS


def candidates(person, *words: str, **changes) -> list[str]:
    done = person.run("completion", "candidates", "--", *words, **changes)
    assert (done.returncode, done.stderr) == (0, "")
    found: list[str] = done.stdout.split()
    return found


def test_commands_are_completed(alice):
    assert candidates(alice, "re") == ["report", "request", "requests", "review", "revoke"]
    assert candidates(alice, "--profile", "bob", "who") == ["whoami"]


def test_commands_of_a_group_are_completed(alice):
    assert candidates(alice, "users", "") == ["create", "delete", "reset-mfa", "show"]
    assert "plan" in candidates(alice, "roles", "p")


def test_options_and_their_choices_are_completed(alice):
    assert candidates(alice, "exec", "--re") == ["--reason", "--refresh", "--region"]
    assert candidates(alice, "creds", "ec2-full", "--format", "d") == ["dotenv"]
    assert "--url" in candidates(alice, "--")


def test_roles_are_completed_as_the_broker_knows_them(alice, contract):
    contract.add_role("ec2-read")
    contract.add_role("s3-read")
    assert candidates(alice, "exec", "ec2") == ["ec2-full", "ec2-read"]
    assert candidates(alice, "sessions", "--role", "s3") == ["s3-read"]
    assert len([one for one in contract.seen if one.path.endswith("/roles")]) == 1  # kept for a minute


def test_roles_of_other_accounts_are_completed_by_id_and_by_alias(alice, contract):
    contract.add_role("111122223333:ec2-read")
    contract.answers["GET", "/api/v1/accounts"] = {
        "accounts": [{"id": "111122223333", "alias": "prod"}],
        "next_cursor": None,
    }
    assert candidates(alice, "exec", "pr") == ["prod:ec2-read"]
    assert candidates(alice, "exec", "1111") == ["111122223333:ec2-read"]


def test_ids_of_requests_and_sessions_are_completed(alice, contract):
    contract.requests["r1"] = {"id": "01kxyzrequest"}
    contract.sessions.append({"id": "01kxyzsession", "caller": "alice"})
    assert candidates(alice, "approve", "01k") == ["01kxyzrequest"]
    assert candidates(alice, "revoke", "") == ["01kxyzsession"]
    assert candidates(alice, "revoke", "--caller", "a") == ["alice"]


def test_profiles_are_completed(alice):
    assert candidates(alice, "--profile", "") == ["alice", "bob"]


def test_the_programs_own_words_are_left_to_the_shell(alice):
    assert candidates(alice, "exec", "ec2-full", "aws", "") == []


def test_a_broker_that_cannot_be_asked_offers_nothing_and_says_nothing(alice):
    assert candidates(alice, "exec", "", BROKER_URL="http://127.0.0.1:9/api") == []
    assert candidates(alice, "exec", "", BROKER_URL=None) == []


@pytest.mark.parametrize("shell", SCRIPTS)
def test_every_shell_has_a_script(alice, shell):
    done = alice.run("completion", shell)
    assert "broker completion candidates -- " in done.stdout


def test_bash_completes_with_it(alice, tmp_path):
    if not shutil.which("bash"):
        pytest.skip("bash is not installed")
    (tmp_path / "broker").write_text(f'#!/bin/sh\nexec {sys.executable} -m access_broker "$@"\n')
    (tmp_path / "broker").chmod(0o755)
    script = (
        'eval "$(broker completion bash)"; COMP_WORDS=(broker exec ec2); COMP_CWORD=2; _broker; '
        'echo "${COMPREPLY[@]}"; '
        'COMP_WORDS=(broker exec ""); COMP_CWORD=2; _broker; echo "${COMPREPLY[@]}"; '
        'case $COMP_WORDBREAKS in *:*) echo "a colon ends a word";; esac'
    )
    environment = {**alice.environment, "PATH": f"{tmp_path}:{alice.environment['PATH']}"}
    command = ["bash", "--norc", "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "ec2-full\nec2-full\n"
