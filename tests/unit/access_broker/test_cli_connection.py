"""Finding the broker, signing, and what goes wrong on the way there."""

import json
import socket
from datetime import timedelta

import pytest

from tests.unit.access_broker.contract_server import problem


def test_whoami_tells_name_groups_and_tags(alice):
    done = alice.run("whoami")
    assert done.returncode == 0, done.stderr
    assert "alice" in done.stdout
    assert "engineers" in done.stdout
    assert "team=blue" in done.stdout


def test_json_is_the_brokers_own_document_and_nothing_else(alice):
    done = alice.run("whoami", "--json")
    assert json.loads(done.stdout)["name"] == "alice"
    assert done.stderr == ""


def test_the_profile_flag_chooses_who_signs(alice):
    done = alice.run("whoami", "--json", "--profile", "bob")
    assert json.loads(done.stdout)["name"] == "bob"


def test_keys_in_the_environment_sign_without_any_profile(alice):
    done = alice.run(
        "whoami",
        "--json",
        AWS_PROFILE=None,
        AWS_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="AKIABOB",
        AWS_SECRET_ACCESS_KEY="bob-secret",
    )
    assert json.loads(done.stdout)["name"] == "bob"


def test_credentials_of_another_process_sign_too(alice):
    keys = '{"Version": 1, "AccessKeyId": "AKIABOB", "SecretAccessKey": "bob-secret"}'
    script = alice.home / "keys.sh"
    script.write_text(f"#!/bin/sh\necho '{keys}'\n")
    script.chmod(0o700)
    alice.aws_config.write_text(f"[profile p]\nregion=us-east-1\ncredential_process={script}\n")
    done = alice.run("whoami", "--json", AWS_PROFILE="p")
    assert json.loads(done.stdout)["name"] == "bob", done.stderr


def test_the_address_may_stand_in_the_config_file(alice, server):
    folder = alice.home / ".config" / "access-broker"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f'url = "{server.url}"\nprofile = "bob"\nregion = "us-east-1"\n')
    done = alice.run("whoami", "--json", BROKER_URL=None)
    assert json.loads(done.stdout)["name"] == "bob", done.stderr


def test_a_trailing_slash_in_the_address_changes_nothing(alice, server):
    assert alice.run("whoami", "--url", f"{server.url}/").returncode == 0


@pytest.mark.parametrize(
    "words", [["--profile", "bob", "whoami"], ["whoami", "--profile", "bob"], ["--profile=bob", "whoami"]]
)
def test_options_of_every_command_stand_before_it_or_after_it(alice, words):
    assert json.loads(alice.run("--json", *words).stdout)["name"] == "bob"


def test_they_stand_between_the_words_of_a_command_too(alice, contract):
    done = alice.run("roles", "--profile", "bob", "show", "--json", "ec2-full")
    assert json.loads(done.stdout)["name"] == "ec2-full"
    assert contract.seen[-1].caller == "bob"


def test_a_busy_broker_is_asked_again_when_it_says_so(alice, contract):
    contract.scripted = [
        (429, {"message": "Too Many Requests"}, {"Retry-After": "0"}),
        (*problem(503, "aws_unavailable", "AWS throttled us.")[:2], {"Retry-After": "0"}),
    ]
    done = alice.run("whoami")
    assert done.returncode == 0
    assert "trying again" in done.stderr


def test_a_broker_that_stays_busy_is_given_up_on(alice, contract):
    contract.scripted = [(429, {"message": "Too Many Requests"}, {"Retry-After": "0"})] * 9
    done = alice.run("whoami")
    assert done.returncode == 5
    assert len(contract.scripted) == 5  # four attempts, no more


def test_a_wait_longer_than_the_budget_is_not_begun(alice, contract):
    contract.scripted = [(503, {"message": "later"}, {"Retry-After": "3600"})]
    done = alice.run("whoami")
    assert done.returncode == 5
    assert "try again" in done.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


WRONG_USES = {
    "no address at all": ({"BROKER_URL": None}, [], 2, "BROKER_URL"),
    "an address that is none": ({"BROKER_URL": "broker.example"}, [], 2, "https://"),
    "an address with a port that is none": ({"BROKER_URL": "https://broker:99999/x"}, [], 2, "https://"),
    "an address that would send secrets in the clear": ({"BROKER_URL": "http://broker.example"}, [], 2, "https://"),
    "nothing listens there": ({"BROKER_URL": f"http://127.0.0.1:{free_port()}/api"}, [], 5, "Nothing answers"),
    "no such host (no network)": ({"BROKER_URL": "https://broker.invalid/api"}, [], 5, "Nothing answers"),
    "no credentials": ({"AWS_PROFILE": None}, [], 6, "aws configure"),
    "no such profile": ({}, ["--profile", "nobody"], 6, "nobody"),
    "an unknown access key": ({}, ["--profile", "unknown", "--region", "us-east-1"], 6, "access key"),
    "a wrong secret": ({}, ["--profile", "mistyped", "--region", "us-east-1"], 6, "secret key"),
    "the wrong region": ({}, ["--region", "eu-west-1"], 2, "--region"),
    "no region": ({}, ["--profile", "mistyped"], 2, "AWS_REGION"),
    "a proxy that is not there": ({"HTTP_PROXY": f"http://127.0.0.1:{free_port()}"}, [], 5, "proxy"),
    "a CA bundle that is not there": (
        {"AWS_CA_BUNDLE": "/nowhere/ca.pem", "BROKER_URL": "https://127.0.0.1:9/api"},
        [],
        2,
        "AWS_CA_BUNDLE",
    ),
    "no such command": ({}, ["--nonsense"], 2, "--nonsense"),
}


@pytest.mark.parametrize(("environment", "flags", "code", "hint"), WRONG_USES.values(), ids=WRONG_USES.keys())
def test_a_wrong_use_gives_one_sentence_and_a_code(alice, environment, flags, code, hint):
    done = alice.run("whoami", *flags, **environment)
    assert done.returncode == code, done.stderr
    assert hint in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert flags == ["--nonsense"] or done.stderr.count("\n") == 1


def test_a_wrong_path_is_told_from_a_wrong_signature(alice, server):
    done = alice.run("whoami", "--url", server.url.replace("/api", "/other"))
    assert done.returncode == 2
    assert "not the broker's address" in done.stderr


def test_a_web_page_instead_of_the_broker_is_a_wrong_address(alice, contract):
    contract.scripted = [(200, "<html>Welcome</html>", {"Content-Type": "text/html"})]
    done = alice.run("whoami")
    assert (done.returncode, "not the broker's address" in done.stderr) == (2, True)


@pytest.mark.parametrize(("minutes", "word"), [(12, "slow"), (-12, "fast")])
def test_a_clock_that_is_off_is_said_with_minutes_and_direction(alice, contract, minutes, word):
    contract.clock_is_ahead = timedelta(minutes=minutes)
    done = alice.run("whoami")
    assert done.returncode == 6
    assert f"12 minutes {word}" in done.stderr


def test_expired_keys_are_said_to_be_expired(alice, contract):
    message = "The security token included in the request is expired"
    contract.scripted = [(403, {"message": message}, {"x-amzn-ErrorType": "ExpiredTokenException"})]
    done = alice.run("whoami")
    assert (done.returncode, "expired" in done.stderr) == (6, True)


def test_a_server_error_names_the_request_id(alice, contract):
    contract.scripted = [problem(500, "internal_error", "Something broke in the broker. Try again.")]
    done = alice.run("whoami")
    assert done.returncode == 5
    assert "req-1" in done.stderr


def test_a_gateway_timeout_says_try_again(alice, contract):
    contract.scripted = [(504, {"message": "Endpoint request timed out"}, {})]
    done = alice.run("whoami")
    assert (done.returncode, "try again" in done.stderr) == (5, True)


def test_a_broken_config_file_is_named(alice):
    folder = alice.home / ".config" / "access-broker"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("url = \n")
    done = alice.run("whoami")
    assert (done.returncode, "config.toml" in done.stderr) == (2, True)


def test_an_unknown_setting_is_named(alice):
    folder = alice.home / ".config" / "access-broker"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('ulr = "https://x"\n')
    done = alice.run("whoami")
    assert (done.returncode, "ulr" in done.stderr) == (2, True)


def test_an_unreadable_aws_config_is_named(alice):
    alice.aws_config.write_text("[profile alice\n")
    done = alice.run("whoami")
    assert done.returncode == 2
    assert str(alice.aws_config) in done.stderr


def test_a_credential_process_that_leads_back_to_broker_stops(alice):
    alice.aws_config.write_text(
        f"[default]\nregion=us-east-1\ncredential_process = {' '.join(alice.command('creds', 'ec2-full'))}\n"
    )
    done = alice.run("whoami", AWS_PROFILE=None)
    assert done.returncode == 6
    assert "--profile" in done.stderr


def test_control_characters_of_others_do_not_reach_the_terminal(alice, contract):
    contract.scripted = [problem(403, "not_allowed", "No.\x1b]0;gotcha\x07")]
    done = alice.run("whoami")
    assert "\x1b" not in done.stderr
