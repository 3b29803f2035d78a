"""`broker creds` and what is kept between commands."""

import json
import os
import shutil
import subprocess

import pytest

from tests.unit.access_broker.contract_server import CANARY


def test_the_process_format_is_what_credential_process_wants(alice):
    done = alice.run("creds", "ec2-full", "--format", "process")
    document = json.loads(done.stdout)
    assert set(document) == {"Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
    assert document["Version"] == 1


def test_json_names_the_session_beside_the_credentials(alice, contract):
    document = json.loads(alice.run("creds", "ec2-full", "--json").stdout)
    assert document["session"] == contract.sessions[0]["id"]
    assert document["credentials"]["AccessKeyId"] == "ASIA0001"


def test_a_shell_that_evaluates_the_lines_has_the_role_and_a_way_back(alice):
    lines = alice.run("creds", "ec2-full").stdout
    script = 'AWS_SECURITY_TOKEN=old; eval "$1"; echo "$AWS_ACCESS_KEY_ID $AWS_PROFILE $AWS_SESSION_TOKEN"'
    command = ["sh", "-c", script, "sh", lines]
    shown = subprocess.run(command, env=alice.environment, capture_output=True, text=True, check=True).stdout
    assert shown == f"ASIA0001 alice {CANARY}/token/1\n"


def test_who_has_a_profile_set_is_told_that_it_stays(alice):
    keys = {"AWS_ACCESS_KEY_ID": "AKIAALICE", "AWS_SECRET_ACCESS_KEY": "alice-secret", "AWS_REGION": "us-east-1"}
    assert "AWS_PROFILE stays set" in alice.run("creds", "ec2-full").stderr
    assert alice.run("creds", "ec2-full", AWS_PROFILE=None, **keys).stderr == ""
    assert alice.run("creds", "ec2-full", "--json").stderr == ""


def test_fish_lines_set_and_erase(alice):
    lines = alice.run("creds", "ec2-full", "--format", "fish").stdout.splitlines()
    assert "set -gx AWS_ACCESS_KEY_ID 'ASIA0001'" in lines
    assert "set -e AWS_SECURITY_TOKEN" in lines


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
def test_fish_takes_the_lines(alice):
    lines = alice.run("creds", "ec2-full", "--format", "fish").stdout
    script = f"{lines}\necho $AWS_ACCESS_KEY_ID"
    assert subprocess.run(["fish", "-c", script], capture_output=True, text=True, check=True).stdout == "ASIA0001\n"


def test_powershell_lines_set_and_remove(alice):
    lines = alice.run("creds", "ec2-full", "--format", "powershell").stdout.splitlines()
    assert "$Env:AWS_ACCESS_KEY_ID = 'ASIA0001'" in lines
    assert "Remove-Item Env:AWS_SECURITY_TOKEN -ErrorAction SilentlyContinue" in lines


def test_dotenv_lines_assign_and_nothing_else(alice):
    lines = alice.run("creds", "ec2-full", "--format", "dotenv").stdout.splitlines()
    assert "AWS_ACCESS_KEY_ID=ASIA0001" in lines
    assert len(lines) == 4


def test_an_unknown_role_is_said_to_be_unknown(alice):
    done = alice.run("creds", "nonsense")
    assert (done.returncode, done.stdout) == (4, "")
    assert "nonsense" in done.stderr


def test_a_missing_reason_says_how_to_give_one(alice, contract):
    contract.add_role("prod", reason_required=True)
    done = alice.run("creds", "prod")
    assert done.returncode == 1
    assert "--reason" in done.stderr
    assert alice.run("creds", "prod", "--reason", "deploy").returncode == 0


def test_fields_at_fault_stand_below_the_sentence(alice, contract):
    contract.answers["POST", "/api/v1/credentials"] = (
        400,
        {
            "code": "invalid_request",
            "detail": "tags.x does not fit; see fields.",
            "fields": {"tags.x": "at most 256", "duration_seconds": "at least 900 seconds (15m)"},
        },
        {},
    )
    done = alice.run("creds", "ec2-full")
    assert done.returncode == 2
    assert "broker: That does not fit:\n" in done.stderr
    assert "  tags.x (--tag): at most 256\n" in done.stderr
    assert "  duration_seconds (--for): at least 900 seconds (15m), for example --for 30m\n" in done.stderr


@pytest.mark.parametrize(
    "flags",
    [["--for", "soon"], ["--tag", "novalue"], ["--policy", "/nowhere.json"], ["--format", "xml"]],
    ids=["a duration that is none", "a tag that is none", "a policy that is not there", "a format that is none"],
)
def test_a_wrong_flag_is_refused_before_anything_is_sent(alice, contract, flags):
    done = alice.run("creds", "ec2-full", *flags)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert contract.seen == []


def test_longer_access_asks_for_an_hour_at_a_time(alice, contract):
    alice.run("creds", "ec2-full", "--for", "8h")
    assert contract.posted("/api/v1/credentials")[0]["duration_seconds"] == 3600


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["creds", "ec2-full", "--for", "2h", "--json"], 1),
        (["creds", "ec2-full", "--for", "1h", "--json"], 0),
        (["console", "ec2-full", "--for", "2h"], 1),
        (["exec", "ec2-full", "--for", "2h", "--", "true"], 1),
        (["exec", "ec2-full", "--for", "2h", "--refresh", "--", "true"], 0),
    ],
    ids=["creds", "an hour is not cut", "console", "exec", "exec that renews"],
)
def test_who_asks_for_longer_than_a_session_lasts_is_told_once(alice, contract, command, told):
    link = {"sign_in_url": "https://signin/x", "sign_in_url_expires_at": "2026-01-01T00:00:00Z", "session": {}}
    contract.answers["POST", "/api/v1/console-links"] = link
    done = alice.finish(*command)
    assert done.returncode == 0
    assert done.stderr.count("A session lasts an hour at most, not 2 h") == told


def test_debug_logging_of_everything_shows_no_secret(alice):
    startup = alice.home / "site"
    startup.mkdir()
    (startup / "sitecustomize.py").write_text("import logging; logging.basicConfig(level=logging.DEBUG)\n")
    path = os.pathsep.join([alice.environment["PYTHONPATH"], str(startup)])
    done = alice.finish("exec", "ec2-full", "--", "true", PYTHONPATH=path)
    assert done.returncode == 0
    assert CANARY not in done.stderr
    assert "alice-secret" not in done.stderr
