"""`python -m localaws mfa-code` shows the present code of a person's device, each code once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localaws import mfa, totp
from localaws.failures import NoSuchDevice

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.localaws.conftest import Account

SEED = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


class Clock:
    """A clock that only moves when it is waited for."""

    def __init__(self, now: float) -> None:
        self.now, self.waited = now, 0.0

    def read(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waited += seconds
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000_010.0)


def shown(place: Path, profile: str, clock: Clock) -> str:
    return mfa.code(place, profile, now=clock.read, wait=clock.wait)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    mfa.write(tmp_path, {name: mfa.Device(f"arn:aws:iam::000000000000:mfa/{name}", SEED) for name in ("alice", "bob")})
    return tmp_path


def test_the_present_code_is_shown_at_once(place: Path, clock: Clock) -> None:
    assert shown(place, "bob", clock) == totp.code(SEED, totp.counter(clock.now))
    assert clock.waited == 0


def test_a_second_code_is_waited_for(place: Path, clock: Clock) -> None:
    first, _ = shown(place, "bob", clock), shown(place, "alice", clock)
    assert clock.waited == 0
    second = shown(place, "bob", clock)
    assert 0 < clock.waited <= totp.STEP_SECONDS
    assert second == totp.code(SEED, totp.counter(clock.now)) != first


def test_the_files_are_for_their_owner_only(place: Path) -> None:
    assert (place / mfa.FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("profile", ["dana", ""])
def test_who_has_no_device_is_told(place: Path, profile: str) -> None:
    with pytest.raises(NoSuchDevice):
        mfa.code(place, profile)


def test_without_a_running_broker_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoSuchDevice):
        mfa.code(tmp_path, "bob")


def test_the_code_shown_for_a_new_device_is_taken(account: Account, tmp_path: Path) -> None:
    arn, keys = account.user()
    name = arn.rsplit("/", 1)[-1]
    device = mfa.enable(account.client("iam"), name)
    mfa.write(tmp_path, {name: device})
    proof = {"SerialNumber": device.serial, "TokenCode": mfa.code(tmp_path, name)}
    assert account.client("sts", keys).get_session_token(**proof)["Credentials"]
