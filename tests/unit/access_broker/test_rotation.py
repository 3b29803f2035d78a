"""A rotation that is killed at any step is finished by the next run, with one key that works."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from access_broker.aws_files.key_writer import key_in, with_key
from access_broker.credentials import rotation
from access_broker.credentials.rotation import Rotation
from access_broker.failures import Misused, NotSignedIn, Refused

if TYPE_CHECKING:
    from pathlib import Path

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

    @property
    def broker(self) -> Account:
        return self

    def sign_in_again(self) -> None:
        self._step()

    def get(self, *path: str) -> dict[str, Any]:
        self._signed()
        keys = [{"id": key, "status": status} for key, status in self.keys.items()]
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


def test_killed_while_the_file_is_written_it_ends_right(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(rotation, "write_key", lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            run(account)
    assert len(account.keys) == 2
    run(account)
    assert account.keys == {key_in(account.file, "dana"): "Active"}


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
    changed = with_key(FILE, account.file, "dana", {"aws_access_key_id": "AKIANEW", "aws_secret_access_key": "s/+"})
    assert changed == FILE.replace(b"AKIAOLD", b"AKIANEW").replace(b"old  ; kept", b"s/+")


@pytest.mark.parametrize("text", ["", "[dana]\nx = y\n", "[dana]\na=b\n[dana]\nc=d\n"])
def test_a_profile_without_a_key_of_its_own_is_named(account: Account, text: str) -> None:
    account.file.write_text(text)
    with pytest.raises(Misused, match="dana"):
        key_in(account.file, "dana")
