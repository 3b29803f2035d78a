"""A rotation that is killed at any step is finished by the next run, with one key that works."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from access_broker.aws_files.key_writer import config_with, key_in, with_key
from access_broker.credentials import rotation
from access_broker.credentials.rotation import Rotation
from access_broker.failures import Failure, Misused, NotSignedIn, Refused

FILE = b"# mine\r\n[dana]\r\nAWS_ACCESS_KEY_ID = AKIAOLD \r\naws_secret_access_key=old  ; kept\r\n[other]\nx = y"


class Killed(BaseException):
    """The command's process ends here."""


@dataclass
class Account:
    """The broker and IAM: the keys of dana, and the step at which the process is killed, before or after it."""

    file: Path
    keys: dict[str, str] = field(default_factory=lambda: {"AKIAOLD": "Active"})
    kill_at: int = 0
    steps: int = 0
    made: int = 0
    managed: bool = True
    used: set[str] = field(default_factory=set)
    meanwhile: list[str] = field(default_factory=list)
    """Keys that another computer makes after the first look at one's keys."""

    @property
    def broker(self) -> Account:
        return self

    @property
    def signer(self) -> SimpleNamespace:
        return SimpleNamespace(credentials=SimpleNamespace(access_key=self.signs_with or key_in(self.file, "dana")))

    signs_with: str = ""

    def sign_in_again(self) -> None:
        self._step()

    def get(self, *path: str) -> dict[str, Any]:
        self._signed()
        keys = [
            {"id": key, "status": status, "last_used_at": "2026-11-28" if key in self.used else None}
            for key, status in self.keys.items()
        ]
        while self.meanwhile:
            self.keys[self.meanwhile.pop()] = "Active"
        self._step()
        return {"access_keys": keys, "managed": self.managed} if path == ("me",) else {"name": "dana"}

    def post(self, *_path: str) -> dict[str, str]:
        self._signed()
        assert len(self.keys) < 2, "IAM allows two keys"
        self._step()
        self.made += 1
        self.keys[f"AKIANEW{self.made}"] = "Active"
        self._step()
        return {"access_key_id": f"AKIANEW{self.made}", "secret_access_key": "new"}

    def patch(self, *path: str, body: dict[str, str]) -> None:
        self._signed()
        self._step()
        self.keys[path[-1]] = body["status"]
        self._step()

    def delete(self, *path: str) -> None:
        self._signed()
        self._step()
        del self.keys[path[-1]]
        self._step()

    def _signed(self) -> None:
        if self.keys.get(key_in(self.file, "dana")) != "Active":
            raise NotSignedIn("AWS does not know your access key.")

    def _step(self) -> None:
        self.steps += 1
        if self.steps == self.kill_at:
            raise Killed


@pytest.fixture
def account(tmp_path: Path) -> Account:
    file = tmp_path / "credentials"
    file.write_bytes(FILE)
    return Account(file)


def run(account: Account, *, now: bool = True) -> dict[str, Any]:
    notes = account.file.parent / "notes"
    return Rotation(account, account.file, "dana", notes, now=now, wait=lambda _: None).run()  # type: ignore[arg-type]


@pytest.mark.parametrize("now", [True, False])
@pytest.mark.parametrize("step", range(1, 17))
def test_killed_at_any_step_and_run_again_one_key_works(account: Account, step: int, *, now: bool) -> None:
    account.kill_at = step
    try:
        run(account, now=now)
    except Killed:
        assert account.keys[key_in(account.file, "dana")] == "Active"  # never locked out
    account.kill_at = 0
    done = run(account)
    assert account.keys == {key_in(account.file, "dana"): "Active"} == {done["key"]: "Active"}
    assert done["key"] != "AKIAOLD"


@pytest.mark.parametrize("write", range(1, 9))
def test_killed_while_a_file_is_written_it_ends_right(
    account: Account, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    """A note, the backup, the credentials file and another note: each is killed before and after its rename."""
    left = [write]

    def fsync(descriptor: int) -> None:
        del descriptor
        left[0] -= 1
        if not left[0]:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fsync)
        with pytest.raises(Killed):
            run(account)
    assert account.keys[key_in(account.file, "dana")] == "Active"
    run(account)
    assert account.keys == {key_in(account.file, "dana"): "Active"}


def test_the_file_outlasts_a_power_failure_before_the_old_key_goes(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until its directory is on the disk, the rename can be undone: the old key would stand there again."""
    done: list[str] = []
    write, patch = Path.replace, account.patch

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            done.append(f"on the disk: {Path(f'/proc/self/fd/{descriptor}').readlink()}")

    def rename(draft: Path, path: Path) -> Path:
        done.append(f"renamed: {path.parent}")
        return write(draft, path)

    def deactivate(*path: str, body: dict[str, str]) -> None:
        done.append("deactivated")
        patch(*path, body=body)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", rename)
    monkeypatch.setattr(account, "patch", deactivate)
    run(account)
    place = account.file.parent
    before = done[: done.index("deactivated")]
    assert before[-2:] == [f"renamed: {place}", f"on the disk: {place}"]


@pytest.mark.parametrize("full", ["keep_backup", "write_key"])
def test_a_file_that_cannot_be_written_leaves_the_key_and_no_other(
    account: Account, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(rotation, full, fails)
        with pytest.raises(Failure, match="No space left"):
            run(account)
    assert (account.keys, account.file.read_bytes()) == ({"AKIAOLD": "Active"}, FILE)
    assert run(account)["old"] == "AKIAOLD"


def test_what_another_computer_makes_is_not_taken_for_a_lost_key(account: Account) -> None:
    account.meanwhile = ["AKIALAPTOP"]
    for _ in range(2):  # the second time, there is a note
        with pytest.raises(AssertionError, match="two keys"):
            run(account)
        account.used.add("AKIALAPTOP")
    assert account.keys == {"AKIAOLD": "Active", "AKIALAPTOP": "Active"}


def test_credentials_that_come_before_the_file_are_not_rotated_into_it(account: Account) -> None:
    account.signs_with = "AKIAFROMTHEENVIRONMENT"
    with pytest.raises(Misused, match="AWS_ACCESS_KEY_ID"):
        run(account)
    assert (account.keys, account.file.read_bytes()) == ({"AKIAOLD": "Active"}, FILE)


def test_every_profile_with_the_key_gets_the_new_one_and_a_link_stays_a_link(account: Account, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles"
    real.write_bytes(FILE + b"\n[default]\naws_access_key_id:AKIAOLD\naws_secret_access_key: old\n[eve]\n"
                     b"aws_access_key_id=AKIAEVE\naws_secret_access_key=hers\n")  # fmt: skip
    real.chmod(0o400)
    account.file.unlink()
    account.file.symlink_to(real)
    key = run(account)["key"]
    assert account.file.is_symlink()
    assert (key_in(real, "dana"), key_in(real, "default"), key_in(real, "eve")) == (key, key, "AKIAEVE")
    assert stat.S_IMODE(real.stat().st_mode) == 0o400


def test_profiles_of_the_same_name_in_two_files_are_two_rotations(account: Account, tmp_path: Path) -> None:
    run(account, now=False)
    other = Account(tmp_path / "others", {"AKIAOTHER": "Active"})
    other.file.write_bytes(FILE.replace(b"AKIAOLD", b"AKIAOTHER"))
    assert run(other, now=False)["old"] == "AKIAOTHER"


def test_a_config_file_with_the_old_key_is_named(tmp_path: Path) -> None:
    config = tmp_path / "config"
    for text, found in (("[profile x]\naws_access_key_id = AKIAOLD\n", config), ("", None)):
        config.write_text(text)
        assert config_with({"AWS_CONFIG_FILE": str(config)}, "AKIAOLD") == found
    assert config_with({"AWS_CONFIG_FILE": str(tmp_path / "none")}, "AKIAOLD") is None


def test_the_old_key_stays_inactive_for_a_day(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(account, now=False)
    assert (done["old_status"], account.keys["AKIAOLD"]) == ("Inactive", "Inactive")
    assert run(account, now=False)["key"] == done["key"]  # no second rotation in between
    monkeypatch.setattr(rotation, "GRACE", -rotation.GRACE)
    assert run(account, now=False)["old_status"] == "Deleted"
    assert account.keys == {done["key"]: "Active"}


def test_a_second_key_of_the_persons_own_is_never_deleted(account: Account) -> None:
    account.keys["AKIAELSEWHERE"] = "Active"
    with pytest.raises(AssertionError, match="two keys"):
        run(account)
    assert set(account.keys) == {"AKIAOLD", "AKIAELSEWHERE"}


def test_a_user_of_iams_own_is_told_so(account: Account) -> None:
    account.managed = False
    with pytest.raises(Refused):
        run(account)


def test_only_the_two_values_change(account: Account) -> None:
    changed = with_key(FILE, "AKIAOLD", {"aws_access_key_id": "AKIANEW", "aws_secret_access_key": "s/+"})
    assert changed == FILE.replace(b"AKIAOLD", b"AKIANEW").replace(b"old  ; kept", b"s/+")


@pytest.mark.parametrize("text", ["", "[dana]\nx = y\n", "[dana]\na=b\n[dana]\nc=d\n"])
def test_a_profile_without_a_key_of_its_own_is_named(account: Account, text: str) -> None:
    account.file.write_text(text)
    with pytest.raises(Misused, match="dana"):
        key_in(account.file, "dana")
