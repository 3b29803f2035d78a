"""One's own keys and devices: on one's own user only, with MFA where there is a device, and every act on record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import AuditUnavailable, Conflict, MfaRequired, NotFound, Refused
from chalicelib.core.domain.events import Origin
from chalicelib.core.domain.roles import DEPLOYMENT_TAG, MANAGED_TAG
from chalicelib.core.services.leases import Leases
from chalicelib.provisioning.domain.own_identity import (
    ACTS_PER_HOUR,
    TooManyActs,
)
from chalicelib.provisioning.domain.users import SIGN_IN_ONLY, SIGN_IN_TAG, User
from chalicelib.provisioning.services.own_identity import OwnIdentity
from chalicelib.provisioning.services.records import ProvisioningRecords
from tests.fakes.core import Clock, FakeJournal, FakeLeases, Ids, refusals
from tests.fakes.own_identity import DEVICE, FakeOwnCredentials

DEPLOYMENT = "broker-dev"
PATH = "/access-broker/"
DANA = User("dana", f"arn:aws:iam::1:user{PATH}dana", PATH, "AIDA7", {MANAGED_TAG: "true", DEPLOYMENT_TAG: DEPLOYMENT})
ORIGIN = Origin(Caller("user", "dana", DANA.arn, "123456789012", "AIDA7"))


class Desk:
    """The service with one user of IAM's."""

    def __init__(self, user: User | None = DANA, acts: int = 1) -> None:
        self.own, self.journal, self.user, self.acts = FakeOwnCredentials(), FakeJournal(), user, acts
        clock, ids = Clock(), Ids()
        recorder = refusals(self.journal, clock, ids)
        records = ProvisioningRecords(log=self, refusals=recorder, clock=clock, new_id=ids)  # type: ignore[arg-type]
        self.service = OwnIdentity(
            sign_in=self,  # type: ignore[arg-type]
            own=self.own,
            acts=self,
            marks=self,
            records=records,
            leases=Leases(store=FakeLeases(), clock=clock, new_id=ids, pause=clock.pass_seconds),
        )

    @property
    def users(self) -> Desk:
        return self

    @property
    def deployment(self) -> Desk:
        return self

    name = DEPLOYMENT

    def read(self, _name: str) -> User | None:
        return self.user

    def count(self, _unique_id: str, _now: object) -> int:
        return self.acts

    def get(self, _key: str) -> None:
        """No key has a mark of clean-up."""

    def save(self, _mark: object, _event: object) -> None:
        raise AssertionError

    def renew(self, _user: User) -> str:
        return "secret password"

    @property
    def told(self) -> list[str]:
        return [str(event.detail["action"]) for event in self.journal.events if event.type == "provision"]


OTHERS = {
    "a user that the broker did not make": replace(DANA, tags={}),
    "a user outside the path": replace(DANA, path="/"),
    "a user of another deployment": replace(DANA, tags={MANAGED_TAG: "true", DEPLOYMENT_TAG: "other"}),
    "a recreated namesake": replace(DANA, unique_id="AIDA8"),
    "a user who is gone": None,
}
ACTS = {
    "make_key": lambda desk: desk.service.make_key(ORIGIN),
    "set_key_status": lambda desk: desk.service.set_key_status("AKIAOLD", "Inactive", ORIGIN),
    "delete_key": lambda desk: desk.service.delete_key("AKIAOLD", ORIGIN),
    "make_device": lambda desk: desk.service.make_device(ORIGIN),
    "enable_device": lambda desk: desk.service.enable_device("dana", ("1", "2"), ORIGIN),
    "remove_device": lambda desk: desk.service.remove_device("dana", ORIGIN),
    "new_password": lambda desk: desk.service.new_password(ORIGIN),
}
TAKING_BACK = {"set_key_status", "delete_key"}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("user", OTHERS.values(), ids=OTHERS)
def test_no_other_user_is_touched_and_the_refusal_is_on_record(user: User | None, act) -> None:
    desk = Desk(user)
    with pytest.raises(Refused):
        act(desk)
    assert [event.type for event in desk.journal.events] == ["refuse"]
    assert [key.id for key in desk.own.held] == ["AKIAOLD"]


@pytest.mark.parametrize("name", sorted(set(ACTS) - TAKING_BACK))
def test_who_has_a_device_proves_it_first(name: str) -> None:
    desk = Desk()
    desk.own.enabled = [DEVICE]
    with pytest.raises(MfaRequired):
        ACTS[name](desk)
    assert desk.told == []


@pytest.mark.parametrize("name", sorted(TAKING_BACK))
def test_taking_a_key_back_asks_for_no_code(name: str) -> None:
    desk = Desk()
    desk.own.enabled = [DEVICE]
    ACTS[name](desk)
    assert len(desk.told) == 1


def test_making_a_key_active_again_is_no_taking_back() -> None:
    desk = Desk()
    desk.own.enabled = [DEVICE]
    with pytest.raises(MfaRequired):
        desk.service.set_key_status("AKIAOLD", "Active", ORIGIN)


@pytest.mark.parametrize("name", sorted(set(ACTS) - TAKING_BACK))
def test_acts_are_counted_and_the_last_one_too_many_is_refused(name: str) -> None:
    with pytest.raises(TooManyActs):
        ACTS[name](Desk(acts=ACTS_PER_HOUR + 1))


@pytest.mark.parametrize("name", sorted(TAKING_BACK))
def test_a_thief_who_used_up_the_count_does_not_keep_the_owner_from_taking_the_key_back(name: str) -> None:
    desk = Desk(acts=ACTS_PER_HOUR + 1)
    ACTS[name](desk)
    assert len(desk.told) == 1
    with pytest.raises(TooManyActs):
        desk.service.set_key_status("AKIAOLD", "Active", ORIGIN)


def test_every_act_is_an_event_and_no_secret_is_in_one() -> None:
    desk = Desk(replace(DANA, console_access=True))
    for name in ("make_key", "set_key_status", "delete_key", "new_password", "make_device", "enable_device"):
        ACTS[name](desk)
    assert len(desk.told) == 6
    assert "secret" not in str([event.detail for event in desk.journal.events])
    assert "seed" not in str([event.detail for event in desk.journal.events])


def test_a_key_that_cannot_be_recorded_does_not_leave() -> None:
    desk = Desk()
    desk.journal.fails_with = AuditUnavailable("the table is away")
    with pytest.raises(AuditUnavailable):
        desk.service.make_key(ORIGIN)
    assert [key.id for key in desk.own.held] == ["AKIAOLD"]


def test_there_is_no_third_key_and_no_key_of_others() -> None:
    desk = Desk()
    desk.service.make_key(ORIGIN)
    with pytest.raises(Conflict):
        desk.service.make_key(ORIGIN)
    for act in (desk.service.delete_key, lambda key, who: desk.service.set_key_status(key, "Inactive", who)):
        with pytest.raises(NotFound):
            act("AKIAOFANOTHER", ORIGIN)


def test_an_administrator_resets_devices_with_mfa_only() -> None:
    desk = Desk()
    desk.own.enabled = [DEVICE]
    admin = Origin(Caller("user", "root-of-trust", "arn", "1", "AIDA0"))
    with pytest.raises(MfaRequired):
        desk.service.reset_mfa("dana", admin)
    assert desk.own.enabled == [DEVICE]
    assert desk.service.reset_mfa("dana", replace(admin, mfa=True)) == (DEVICE,)
    assert desk.own.enabled == []
    with pytest.raises(NotFound):
        Desk(OTHERS["a user that the broker did not make"]).service.reset_mfa("dana", replace(admin, mfa=True))


def test_anyone_may_look_at_their_own_keys() -> None:
    assert Desk().service.show(ORIGIN).managed
    assert not Desk(OTHERS["a user that the broker did not make"]).service.show(ORIGIN).managed


def test_a_user_who_signs_in_without_a_key_makes_none() -> None:
    desk = Desk(replace(DANA, tags={**DANA.tags, SIGN_IN_TAG: SIGN_IN_ONLY}))
    with pytest.raises(Conflict, match="aws login"):
        desk.service.make_key(ORIGIN)
    assert desk.own.keys("dana") == Desk().own.keys("dana")
