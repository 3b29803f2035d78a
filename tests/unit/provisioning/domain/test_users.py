"""Users: names and tags IAM takes, passwords by the account's rules, and what grants."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.provisioning.domain.users import (
    CLASSES,
    AccessKey,
    GivenPolicy,
    PasswordPolicy,
    User,
    UserAsk,
    check_user,
    granting,
    password,
    sign_in_url,
    told,
)


@given(st.integers(6, 128), st.integers())
def test_a_password_is_long_enough_and_has_every_class_of_character(min_length, seed) -> None:
    drawn = password(PasswordPolicy(min_length=min_length), random.Random(seed).randrange)  # noqa: S311
    assert len(drawn) >= max(min_length, 24)
    assert all(set(kind) & set(drawn) for kind in CLASSES)
    assert set(drawn) <= set("".join(CLASSES))


def test_two_draws_give_two_passwords() -> None:
    drawn = {password(PasswordPolicy(), random.Random(seed).randrange) for seed in range(50)}  # noqa: S311
    assert len(drawn) == 50


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (UserAsk("a b"), "name"),
        (UserAsk(""), "name"),
        (UserAsk("x" * 65), "name"),
        (UserAsk("bob", {"aws:x": "1"}), "tags.aws:x"),
        (UserAsk("bob", {"access-broker:managed": "false"}), "tags.access-broker:managed"),
        (UserAsk("bob", {"access-broker:unfinished": "x"}), "tags.access-broker:unfinished"),
        (UserAsk("bob", {"Access-Broker:Suspended": "no"}), "tags.Access-Broker:Suspended"),
        (UserAsk("bob", {"team": "x" * 257}), "tags.team"),
        (UserAsk("bob", {"team": "1", "Team": "2"}), "tags"),
    ],
)
def test_what_iam_would_not_take_is_named(ask, field) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_user(ask)
    assert list(refused.value.fields) == [field]


def test_a_policy_that_only_denies_grants_nothing() -> None:
    deny = {"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}
    allow = {"Statement": [deny["Statement"], {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
    assert granting([GivenPolicy("inline policy a", deny)]) == ()
    assert granting([GivenPolicy("group g: inline policy b", allow)]) == ("group g: inline policy b",)


def test_the_sign_in_url_has_the_alias_where_there_is_one() -> None:
    assert sign_in_url("acme", "123456789012", "aws") == "https://acme.signin.aws.amazon.com/console"
    assert sign_in_url("", "123456789012", "aws") == "https://123456789012.signin.aws.amazon.com/console"


def test_secrets_do_not_show_when_printed_and_are_not_in_what_is_told() -> None:
    assert "s3cret" not in repr(AccessKey("AKIA1", "s3cret"))
    user = User("bob", "arn", "/access-broker/", "AIDA1", {"access-broker:unfinished": "true", "team": "web"})
    assert told(user)["tags"] == {"team": "web"}
