"""`broker configure`: one profile is written, every other byte stays."""

import json
import os
import re
import shlex
import stat
import subprocess
import sys
from datetime import timedelta

import botocore.configloader
import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_broker.aws_files.profile_writer import with_profile
from access_broker.failures import Misused

HAND_WRITTEN = b"""\
# my own notes: do not lose me\r
[default]\r
region=eu-west-1\r
\r
; another comment
[profile alice]
region = us-east-1
s3 =
     max_concurrent_requests = 20

[sso-session corp]\tsso_region = us-east-1
#[profile broker-ec2-full]
[profile "quoted name"]
output = json"""

PROCESS = "/usr/bin/broker creds ec2-full --format process --url https://x --profile alice"


def section(text: str) -> str:
    return text[text.index("[profile broker-ec2-full]") :]


def test_a_hand_written_config_keeps_every_byte(alice):
    alice.aws_config.write_bytes(HAND_WRITTEN)
    assert alice.run("configure", "ec2-full").returncode == 0
    after = alice.aws_config.read_bytes()
    assert after.startswith(HAND_WRITTEN)
    assert b"[profile broker-ec2-full]\r\ncredential_process = " in after[len(HAND_WRITTEN) :]


def test_twice_leaves_one_profile_and_one_backup(alice):
    before = alice.aws_config.read_bytes()
    first, second = alice.run("configure", "ec2-full", "--json"), alice.run("configure", "ec2-full", "--json")
    assert (json.loads(first.stdout)["changed"], json.loads(second.stdout)["changed"]) == (True, False)
    assert alice.aws_config.read_text().count("[profile broker-ec2-full]") == 1
    [backup] = alice.aws_config.parent.glob("config.broker-*")
    assert backup.read_bytes() == before


def test_the_profile_names_the_program_the_broker_and_the_caller(alice, server):
    alice.run("configure", "ec2-full")
    line = section(alice.aws_config.read_text()).splitlines()[1]
    assert line.startswith(f"credential_process = {sys.executable} -m access_broker creds ec2-full --format process")
    assert f"--url {server.url} --profile alice" in line


def test_an_sdk_with_that_profile_has_the_role(alice, contract):
    alice.run("configure", "ec2-full")
    script = "import botocore.session as s; print(s.Session(profile='broker-ec2-full').get_credentials().access_key)"
    command = [sys.executable, "-c", script]
    shown = subprocess.run(command, env=alice.environment, capture_output=True, text=True, check=True).stdout
    assert shown == "ASIA0001\n"
    assert contract.sessions[0]["caller"] == "alice"


def test_an_sdk_with_that_profile_in_the_environment_has_the_role_too(alice, contract):
    """The broker must not ask the very profile that asks it."""
    alice.run("configure", "ec2-full")
    script = "import botocore.session as s; print(s.Session().get_credentials().access_key)"
    environment = {**alice.environment, "AWS_PROFILE": "broker-ec2-full"}
    subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)
    assert contract.sessions[0]["caller"] == "alice"


def test_who_works_under_that_profile_can_still_use_the_command(alice):
    alice.aws_config.write_text("[default]\nregion = us-east-1\n")
    credentials = alice.home / ".aws" / "credentials"
    credentials.write_text(credentials.read_text().replace("[alice]", "[default]"))
    alice.run("configure", "ec2-full", AWS_PROFILE=None)
    done = alice.run("whoami", "--json", AWS_PROFILE="broker-ec2-full")
    assert json.loads(done.stdout)["name"] == "alice", done.stderr


def test_under_that_profile_the_command_signs_with_the_profile_behind_it(alice):
    """AWS_PROFILE=alice, or --profile alice: what `configure` wrote down is who goes on."""
    alice.run("configure", "ec2-full")
    done = alice.run("whoami", "--json", AWS_PROFILE="broker-ec2-full")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["name"] == "alice"


def test_under_that_profile_keys_in_the_environment_still_come_first(alice):
    alice.run("configure", "ec2-full")
    keys = {"AWS_ACCESS_KEY_ID": "AKIABOB", "AWS_SECRET_ACCESS_KEY": "bob-secret"}
    done = alice.run("whoami", "--json", AWS_PROFILE="broker-ec2-full", **keys)
    assert json.loads(done.stdout)["name"] == "bob", done.stderr


def test_under_that_profile_with_nobody_behind_it_the_sentence_names_it(alice):
    alice.run("configure", "ec2-full")
    alice.aws_config.write_text(alice.aws_config.read_text().replace(" --profile alice", ""))
    done = alice.run("whoami", AWS_PROFILE="broker-ec2-full")
    assert done.returncode == 6
    assert "in profile broker-ec2-full: pass --profile" in done.stderr
    assert "set AWS_PROFILE" not in done.stderr


def test_the_region_of_the_caller_is_written_once_and_then_left_alone(alice):
    alice.run("configure", "ec2-full")
    text = alice.aws_config.read_text()
    assert "region = us-east-1" in section(text)
    changed = text.replace(section(text), section(text).replace("us-east-1", "eu-north-1"))
    alice.aws_config.write_text(changed)
    alice.run("configure", "ec2-full")
    assert "region = eu-north-1" in section(alice.aws_config.read_text())


def test_an_option_added_by_hand_stays_when_the_process_changes(alice):
    alice.run("configure", "ec2-full")
    alice.aws_config.write_text(alice.aws_config.read_text() + "output = yaml  # mine\n")
    done = alice.run("configure", "ec2-full", "--reason", "on call")
    text = section(alice.aws_config.read_text())
    assert done.returncode == 0
    assert "--reason 'on call'" in text
    assert "output = yaml  # mine\n" in text
    assert text.count("credential_process") == 1


def test_a_profile_of_somebody_elses_is_not_touched(alice):
    alice.aws_config.write_text("[profile broker-ec2-full]\nrole_arn = arn:x\nsource_profile = y\n")
    before = alice.aws_config.read_bytes()
    done = alice.run("configure", "ec2-full", "--profile", "alice", "--region", "us-east-1")
    assert done.returncode == 2
    assert "--name" in done.stderr
    assert alice.aws_config.read_bytes() == before


def test_a_name_of_ones_own_is_used(alice):
    alice.run("configure", "ec2-full", "--name", "work")
    assert "[profile work]" in alice.aws_config.read_text()


@pytest.mark.parametrize("name", ["a]b", "a b", "a\nb", "[x"])
def test_a_name_that_would_break_the_file_is_refused(alice, name):
    before = alice.aws_config.read_bytes()
    assert alice.run("configure", "ec2-full", f"--name={name}").returncode == 2
    assert alice.aws_config.read_bytes() == before


def test_mode_and_symlink_stay(alice):
    real = alice.home / "dotfiles"
    alice.aws_config.rename(real)
    real.chmod(0o640)
    alice.aws_config.symlink_to(real)
    alice.run("configure", "ec2-full")
    assert alice.aws_config.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert "broker-ec2-full" in real.read_text()


def test_a_file_that_is_not_there_yet_is_made_for_the_owner_alone(alice):
    place = alice.home / "new" / "config"
    done = alice.run("configure", "ec2-full", AWS_CONFIG_FILE=str(place), AWS_REGION="us-east-1")
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_an_unknown_role_writes_nothing(alice):
    before = alice.aws_config.read_bytes()
    assert alice.run("configure", "nonsense").returncode == 4
    assert alice.aws_config.read_bytes() == before


def test_a_full_disk_is_a_sentence_and_leaves_the_config_as_it_was(alice):
    before = alice.aws_config.read_bytes()
    command = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *alice.command("configure", "ec2-full")]
    done = subprocess.run(
        command, env=alice.environment, cwd=alice.home, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "try again" in done.stderr
    assert alice.aws_config.read_bytes() == before
    assert sorted(path.name for path in alice.aws_config.parent.iterdir()) == ["config", "credentials"]


def test_a_place_that_cannot_be_written_is_named(alice):
    place = alice.aws_config / "config"  # below a file
    done = alice.run("configure", "ec2-full", AWS_CONFIG_FILE=str(place), AWS_REGION="us-east-1")
    assert done.returncode == 1
    assert str(place.parent) in done.stderr


def test_many_at_once_lose_no_profile(alice, contract):
    names = [f"p{number}" for number in range(5)]
    del contract
    running = [alice.spawn("configure", "ec2-full", "--name", name) for name in names]
    for process in running:
        process.communicate(timeout=60)
    text = alice.aws_config.read_text()
    assert [name for name in names if f"[profile {name}]" not in text] == []


def test_the_same_name_twice_is_refused_rather_than_guessed(alice):
    alice.aws_config.write_text("[profile alice]\nregion=us-east-1\n")
    with pytest.raises(Misused):
        with_profile(b"[profile a]\n[profile a]\n", "a", PROCESS, {})


LINES = st.lists(
    st.sampled_from(
        [b"# note", b"; note", b"", b"[profile other]", b"[default]", b"  nested = 1", b"region = x", b"[services s]"]
    ),
    max_size=12,
)


@given(LINES, st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_whatever_stands_there_stays_and_a_second_time_changes_nothing(lines, newline, ended):
    before = newline.join(lines) + (newline if ended else b"")
    after = with_profile(before, "broker-x", PROCESS, {"region": "us-east-1"})
    assert after.startswith(before)
    assert with_profile(after, "broker-x", PROCESS, {"region": "us-east-1"}) == after
    moved = with_profile(after, "broker-x", PROCESS.replace("https://x", "https://y"), {"region": "us-east-1"})
    assert moved == after.replace(b"https://x", b"https://y")


def test_what_is_written_is_what_botocore_reads(tmp_path, monkeypatch):
    path = tmp_path / "config"
    path.write_bytes(
        with_profile(
            HAND_WRITTEN.replace(b"\tsso_region", b"\nsso_region"), "broker-x", PROCESS, {"region": "us-east-1"}
        )
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    profile = botocore.session.Session(profile="broker-x").get_scoped_config()
    assert profile == {"credential_process": PROCESS, "region": "us-east-1"}


@pytest.mark.parametrize("reason", ["line one\nline two", "ticket #42", "deploy ; then watch", "a\rb", "\x1b[2J"])
def test_a_reason_that_would_break_the_file_or_be_cut_is_refused(alice, reason):
    before = alice.aws_config.read_bytes()
    done = alice.run("configure", "ec2-full", "--reason", reason)
    assert (done.returncode, alice.aws_config.read_bytes()) == (2, before)
    assert "--reason" in done.stderr


ODD = st.text(st.one_of(st.characters(), st.sampled_from("\n\r\t #;'\"[]=%\\\x00\u2028")), max_size=20)


@given(st.lists(ODD, max_size=4), ODD)
def test_what_was_configured_can_be_read_back_by_every_sdk_or_was_refused(tmp_path_factory, words, region):
    process = shlex.join(["/usr/bin/broker", "creds", *words])
    path = tmp_path_factory.mktemp("aws") / "config"
    try:
        path.write_bytes(with_profile(b"[profile other]\noutput = json\n", "x", process, {"region": region.strip()}))
    except Misused:
        return
    profiles = botocore.configloader.load_config(str(path))["profiles"]
    assert profiles["other"] == {"output": "json"}
    assert profiles["x"]["region"] == region.strip()
    assert shlex.split(profiles["x"]["credential_process"]) == ["/usr/bin/broker", "creds", *words]
    assert re.split(r"\s+[#;]", process)[0] == process  # what the SDKs for Go, Java and Rust leave of it


def test_a_cached_profile_answers_without_the_broker(alice, contract):
    alice.run("configure", "ec2-full")
    contract.session_lasts = timedelta(hours=1)
    line = section(alice.aws_config.read_text()).splitlines()[1].removeprefix("credential_process = ")
    environment = {**alice.environment, "PATH": os.environ["PATH"]}
    for _ in range(3):
        subprocess.run(["sh", "-c", line], env=environment, capture_output=True, check=True)
    assert len(contract.sessions) == 1
