"""Who calls, and how AWS sees them."""

import re
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.domain.callers import Caller, caller_from_identity, role_session_name, source_identity
from chalicelib.core.domain.errors import Refused

STS_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
ACCOUNT = "123456789012"
names = st.text(alphabet=ascii_letters + digits + "+=,.@_-", min_size=1, max_size=64)
session_names = st.text(alphabet=ascii_letters + digits + "+=,.@_-", min_size=2, max_size=64)


def user(name: str) -> Caller:
    return Caller("user", name, f"arn:aws:iam::{ACCOUNT}:user/{name}", ACCOUNT, "AIDA1")


def session(role: str, name: str) -> Caller:
    return Caller("role", f"{role}/{name}", f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}", ACCOUNT, "AROA1:x")


@given(names, session_names)
def test_every_name_that_iam_allows_gives_names_that_sts_allows(role: str, name: str) -> None:
    for caller in (user(role), session(role, name)):
        assert STS_NAME.fullmatch(source_identity(caller))
        assert STS_NAME.fullmatch(role_session_name(caller, "0" * 26))


@given(st.lists(st.one_of(names.map(user), st.builds(session, names, session_names)), unique_by=lambda c: c.arn))
def test_no_two_callers_share_a_source_identity(callers: list[Caller]) -> None:
    assert len({source_identity(caller) for caller in callers}) == len(callers)


@given(st.lists(session_names, min_size=3, max_size=6))
def test_no_comma_moves_from_the_session_to_the_role(parts: list[str]) -> None:
    callers = [session(",".join(parts[:at]), ",".join(parts[at:])) for at in range(1, len(parts))]
    assert len({source_identity(caller) for caller in callers}) == len(callers)


@given(st.one_of(st.builds(session, names, session_names), names.map(lambda name: user(f"user={name}"[:64]))))
def test_nobody_can_take_a_name_that_ends_like_the_digest_of_another(caller: Caller) -> None:
    stamped = source_identity(caller)
    kind, _, rest = stamped.partition("=")
    if kind == "user":
        namesakes = [user(rest), user(stamped)]
    else:
        namesakes = [session(rest[:at], rest[at + 1 :]) for at, one in enumerate(rest) if one == ","]
    others = [one for one in namesakes if one.name != caller.name]
    assert stamped not in [source_identity(one) for one in others]


def test_a_session_without_commas_of_its_own_is_written_plainly() -> None:
    assert source_identity(session("ci", "build-7")) == "role=ci,build-7"


def test_a_user_is_known_by_the_bare_user_name() -> None:
    assert source_identity(user("alice")) == "alice"


def test_a_user_named_like_a_session_is_not_mistaken_for_one() -> None:
    assert source_identity(user("role=admin,alice")) != source_identity(session("admin", "alice"))


def test_the_session_name_keeps_the_session_id_whole() -> None:
    assert role_session_name(user("a" * 64), "1" * 26).endswith("-" + "1" * 26)


def test_a_user_with_a_path_is_read_from_the_request_context() -> None:
    caller = caller_from_identity({"userArn": f"arn:aws:iam::{ACCOUNT}:user/team/x/alice", "user": "AIDA7"})
    assert (caller.kind, caller.name, caller.account, caller.unique_id) == ("user", "alice", ACCOUNT, "AIDA7")


def test_an_assumed_role_session_is_a_caller_of_its_own_kind() -> None:
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/build-7"
    caller = caller_from_identity({"userArn": arn, "user": "AROA7:build-7"})
    assert (caller.kind, caller.name) == ("role", "ci/build-7")


@pytest.mark.parametrize(
    "identity",
    [
        {},
        {"userArn": None, "user": None},
        {"userArn": f"arn:aws:iam::{ACCOUNT}:root", "user": ACCOUNT},
        {"userArn": f"arn:aws:sts::{ACCOUNT}:federated-user/alice", "user": f"{ACCOUNT}:alice"},
        {"userArn": f"arn:aws:iam::{ACCOUNT}:user/alice", "user": ""},
        {"userArn": f"arn:aws:iam::{ACCOUNT}:user/alice\n", "user": "AIDA1"},
        {"userArn": f"x arn:aws:iam::{ACCOUNT}:user/alice", "user": "AIDA1"},
    ],
)
def test_root_federated_unsigned_and_malformed_callers_are_refused(identity: dict[str, str]) -> None:
    with pytest.raises(Refused):
        caller_from_identity(identity)
