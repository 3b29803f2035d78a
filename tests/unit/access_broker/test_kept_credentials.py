"""Credentials that are kept: for whom, how long, where, and that nothing of them leaks or tears."""

import json
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from access_broker.credentials.obtain import CHOOSING, CHOOSING_FILES, cache_key
from access_broker.credentials.role_ask import RoleAsk
from access_broker.credentials.role_credentials import remembered
from access_broker.settings import Settings
from tests.unit.access_broker.contract_server import CANARY
from tests.unit.access_broker.people import Person


def kept_files(person: Person) -> list[Path]:
    return sorted(path for path in person.cache.glob("*.json"))


def test_a_second_command_uses_what_the_first_one_kept(alice, contract):
    first = alice.run("creds", "ec2-full", "--format", "process").stdout
    second = alice.run("creds", "ec2-full", "--format", "process").stdout
    assert first == second
    assert len(contract.sessions) == 1


def test_fresh_takes_new_ones_and_keeps_those(alice, contract):
    alice.run("creds", "ec2-full")
    fresh = alice.run("creds", "ec2-full", "--fresh").stdout
    assert fresh == alice.run("creds", "ec2-full").stdout
    assert len(contract.sessions) == 2


@pytest.mark.parametrize(
    "other",
    [
        ["--profile", "bob"],
        ["--tag", "team=red"],
        ["--policy-arn", "arn:aws:iam::aws:policy/X"],
        ["--for", "15m"],
        ["--reason", "deploy 1.2"],
    ],
)
def test_another_caller_or_another_ask_never_gets_kept_ones(alice, contract, other):
    alice.run("creds", "ec2-full")
    alice.run("creds", "ec2-full", *other)
    assert len(contract.sessions) == 2


def test_the_same_ask_gets_what_it_asked_for_again(alice, contract):
    for _ in range(2):
        alice.run("creds", "ec2-full", "--for", "15m", "--reason", "deploy 1.2")
        alice.run("creds", "ec2-full")
    [short, usual] = contract.posted("/api/v1/credentials")
    assert short == {"role": "ec2-full", "duration_seconds": 900, "reason": "deploy 1.2"}
    assert usual == {"role": "ec2-full"}


def test_a_session_policy_narrows_and_is_kept_apart(alice, contract):
    policy = alice.home / "p.json"
    policy.write_text('{"Version": "2012-10-17", "Statement": []}')
    alice.run("creds", "ec2-full")
    alice.run("creds", "ec2-full", "--policy", str(policy))
    assert contract.posted("/api/v1/credentials")[1]["policy"] == {"Version": "2012-10-17", "Statement": []}


def test_keys_that_change_hands_under_one_profile_name_get_their_own(alice, contract):
    alice.run("creds", "ec2-full")
    credentials = alice.home / ".aws" / "credentials"
    credentials.write_text("[alice]\naws_access_key_id = AKIABOB\naws_secret_access_key = bob-secret\n")
    alice.run("creds", "ec2-full")
    assert [session["caller"] for session in contract.sessions] == ["alice", "bob"]


def key_in(environ: dict[str, str], profile: str | None = None) -> str:
    return cache_key(Settings("https://x/api", profile), RoleAsk("ec2-full"), environ)


@pytest.mark.parametrize("variable", CHOOSING)
def test_environments_that_lead_to_two_identities_never_share_kept_ones(variable):
    assert len({key_in({}), key_in({variable: "one"}), key_in({variable: "another"})}) == 3


@pytest.mark.parametrize("variable", [variable for variable, _ in CHOOSING_FILES])
def test_a_token_or_key_file_that_changes_hands_gets_its_own(tmp_path, variable):
    file = tmp_path / "file"
    file.write_text("the token of job a")
    before = key_in({variable: str(file)})
    file.write_text("the token of job b")
    assert key_in({variable: str(file)}) != before


def test_a_profile_that_was_named_is_the_same_under_every_other_profile():
    assert key_in({"AWS_PROFILE": "broker-ec2-full"}, "alice") == key_in({}, "alice") != key_in({}, "bob")


@pytest.mark.parametrize(("lasts", "sessions"), [(timedelta(minutes=5, seconds=-5), 2), (timedelta(minutes=15), 1)])
def test_nothing_is_used_in_the_last_five_minutes(alice, contract, lasts, sessions):
    contract.session_lasts = lasts
    alice.run("creds", "ec2-full")
    alice.run("creds", "ec2-full")
    assert len(contract.sessions) == sessions


def test_the_kept_file_is_the_owners_alone(alice):
    alice.run("creds", "ec2-full")
    [path] = kept_files(alice)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_cache_open_to_others_is_closed_and_what_lay_in_it_is_not_used(alice, contract):
    alice.run("creds", "ec2-full")
    [path] = kept_files(alice)
    path.chmod(0o644)
    path.parent.chmod(0o755)
    alice.run("creds", "ec2-full")
    assert len(contract.sessions) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_planted_symlink_is_not_followed(alice, contract):
    alice.run("creds", "ec2-full")
    [path] = kept_files(alice)
    elsewhere = alice.home / "elsewhere.json"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    alice.run("creds", "ec2-full")
    assert len(contract.sessions) == 2
    assert not path.is_symlink()


def test_a_damaged_kept_file_is_replaced(alice, contract):
    alice.run("creds", "ec2-full")
    [path] = kept_files(alice)
    path.write_text("{")
    assert alice.run("creds", "ec2-full").returncode == 0
    assert len(contract.sessions) == 2


def test_a_cache_that_cannot_be_written_costs_a_word_not_the_command(alice):
    (alice.home / ".cache").write_text("a file where a folder should be")
    done = alice.run("creds", "ec2-full", "--format", "process")
    assert done.returncode == 0
    assert json.loads(done.stdout)["AccessKeyId"] == "ASIA0001"
    assert "Could not keep" in done.stderr


def test_logout_forgets_everything(alice, contract):
    alice.run("creds", "ec2-full")
    done = alice.run("logout", "--json")
    assert json.loads(done.stdout) == {"forgotten": 1, "left": 0}
    assert list(alice.cache.iterdir()) == []
    alice.run("creds", "ec2-full")
    assert len(contract.sessions) == 2


def test_two_processes_at_once_fetch_once(alice, contract):
    both = [alice.spawn("creds", "ec2-full", "--format", "process") for _ in range(2)]
    printed = [process.communicate(timeout=60)[0] for process in both]
    assert printed[0] == printed[1] != ""
    assert len(contract.sessions) == 1


def test_threads_in_one_process_do_not_tear_the_kept_file(alice, contract):
    del contract
    everybody = [threading.Thread(target=alice.finish, args=("creds", "ec2-full", "--fresh")) for _ in range(3)]
    for one in everybody:
        one.start()
    for one in everybody:
        one.join()
    [path] = kept_files(alice)
    assert json.loads(path.read_text())["role"] == "ec2-full"
    assert [entry.suffix for entry in sorted(alice.cache.iterdir())] == [".json", ".lock"]


def test_a_system_keyring_keeps_them_instead_of_a_file(alice, contract):
    (alice.home / "ring.py").write_text(RING)
    changes = {"PYTHON_KEYRING_BACKEND": "ring.Ring", "PYTHONPATH": f"{alice.environment['PYTHONPATH']}:{alice.home}"}
    first = alice.finish("creds", "ec2-full", **changes)
    second = alice.finish("creds", "ec2-full", **changes)
    assert first.stdout == second.stdout != ""
    assert len(contract.sessions) == 1
    assert kept_files(alice) == []
    assert CANARY in (alice.home / "ring.json").read_text()
    assert json.loads(alice.finish("logout", "--json", **changes).stdout) == {"forgotten": 1, "left": 0}
    assert CANARY not in (alice.home / "ring.json").read_text()


def test_logout_does_not_claim_to_have_forgotten_what_a_locked_keyring_holds(alice):
    (alice.home / "ring.py").write_text(RING)
    changes = {"PYTHON_KEYRING_BACKEND": "ring.Ring", "PYTHONPATH": f"{alice.environment['PYTHONPATH']}:{alice.home}"}
    alice.finish("creds", "ec2-full", **changes)
    (alice.home / "ring.py").write_text(RING.replace("return self._entries()", "raise RuntimeError('locked') #"))
    locked = alice.finish("logout", "--json", **changes)
    (alice.home / "ring.py").write_text(RING)
    unlocked = alice.finish("logout", "--json", **changes)
    assert (locked.returncode, json.loads(locked.stdout)) == (1, {"forgotten": 0, "left": 1})
    assert "unlock" in locked.stderr
    assert (unlocked.returncode, json.loads(unlocked.stdout)) == (0, {"forgotten": 1, "left": 0})
    assert CANARY not in (alice.home / "ring.json").read_text()


def test_a_keyring_that_fails_falls_back_to_the_file(alice, contract):
    (alice.home / "ring.py").write_text(RING.replace("entries[key] = password", "raise OSError('locked')"))
    changes = {"PYTHON_KEYRING_BACKEND": "ring.Ring", "PYTHONPATH": f"{alice.environment['PYTHONPATH']}:{alice.home}"}
    assert alice.finish("creds", "ec2-full", **changes).returncode == 0
    assert alice.finish("creds", "ec2-full", **changes).returncode == 0
    assert len(contract.sessions) == 1
    assert len(kept_files(alice)) == 1


RING = """
import json, os, pathlib
from keyring.backend import KeyringBackend
PLACE = pathlib.Path(os.environ["HOME"]) / "ring.json"

class Ring(KeyringBackend):
    priority = 5

    def _entries(self):
        return json.loads(PLACE.read_text()) if PLACE.exists() else {}

    def get_password(self, service, username):
        return self._entries().get(f"{service} {username}")

    def set_password(self, service, username, password):
        entries, key = self._entries(), f"{service} {username}"
        entries[key] = password
        PLACE.write_text(json.dumps(entries))

    def delete_password(self, service, username):
        entries = self._entries()
        del entries[f"{service} {username}"]
        PLACE.write_text(json.dumps(entries))
"""


def test_secrets_show_up_in_no_representation(alice):
    alice.run("creds", "ec2-full")
    credentials = remembered(json.loads(kept_files(alice)[0].read_text()))
    assert CANARY not in repr(credentials)
    assert credentials.usable(datetime.now(UTC))
