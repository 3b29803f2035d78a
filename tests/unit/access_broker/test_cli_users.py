"""`broker users`: users without permissions, made, brought up to date, shown and deleted."""

import pytest

from tests.unit.access_broker.contract_server import problem


def test_a_user_is_made_with_secrets_shown_once(alice, contract):
    contract.answers["PUT", "/api/v1/users/sts_user"] = (
        201,
        {
            "name": "sts_user",
            "arn": "arn:aws:iam::0:user/access-broker/sts_user",
            "zero_access": True,
            "grants": [],
            "console_access": True,
            "sign_in_url": "https://acme.signin.aws.amazon.com/console",
            "password": "once-only",
            "warnings": ["They may not change their password."],
        },
        {},
    )
    done = alice.run("users", "create", "sts_user", "--console", "--group", "engineers", "--tag", "team=blue")
    assert "once-only" in done.stdout
    assert "acme.signin" in done.stdout
    assert "shown this once" in done.stderr
    assert "They may not change" in done.stderr
    assert contract.seen[-1].body == {
        "groups": ["engineers"],
        "tags": {"team": "blue"},
        "console_access": True,
        "sign_in": False,
        "access_key": False,
        "groups_may_grant": False,
    }


NEW = {
    "groups": [],
    "tags": {},
    "console_access": False,
    "sign_in": False,
    "access_key": False,
    "groups_may_grant": False,
}
GINA = {
    "name": "gina",
    "groups": ["engineers", "oncall"],
    "tags": {"team": "blue", "access-broker:managed": "true", "access-broker:suspended": "true"},
    "console_access": True,
    "sign_in_url": "https://acme.signin.aws.amazon.com/console",
}
PUT_OF_GINA = {**NEW, "groups": ["engineers", "oncall"], "tags": {"team": "blue"}, "console_access": True}


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        (["--access-key"], {"access_key": True}),
        (["--group", "auditing"], {"groups": ["auditing"]}),
        (["--tag", "team=red"], {"tags": {"team": "red"}}),
        (["--group", "", "--tag", ""], {"groups": [], "tags": {}}),
        (["--no-console"], {"console_access": False}),
        (["--sign-in"], {"sign_in": True}),
    ],
    ids=["a key", "another group", "another tag", "no group and no tag", "no console", "sign-in"],
)
def test_a_user_that_exists_keeps_what_no_option_names(alice, contract, options, changed):
    contract.answers["GET", "/api/v1/users/gina"] = GINA
    contract.answers["PUT", "/api/v1/users/gina"] = GINA
    assert alice.run("users", "create", "gina", *options).returncode == 0
    assert contract.seen[-1].body == {**PUT_OF_GINA, **changed}


def test_a_user_who_signs_in_stays_one_until_it_is_said_otherwise(alice, contract):
    user = {**GINA, "tags": {"access-broker:sign-in": "only"}, "zero_access": "sign_in_only", "grants": ["policy"]}
    contract.answers["GET", "/api/v1/users/gina"] = contract.answers["PUT", "/api/v1/users/gina"] = user
    assert "aws login" in alice.run("users", "create", "gina", "--tag", "team=red").stdout
    assert contract.seen[-1].body["sign_in"] is True
    alice.run("users", "create", "gina", "--no-sign-in")
    assert contract.seen[-1].body["sign_in"] is False


@pytest.mark.parametrize("options", [["--no-console"], ["--no-console", "--sign-in"]])
def test_a_user_who_signs_in_does_not_lose_the_password_without_a_word(alice, contract, options):
    """They have no key, so the password is their only way in: `--no-sign-in` says that it is meant."""
    contract.answers["GET", "/api/v1/users/gina"] = {**GINA, "tags": {"access-broker:sign-in": "only"}}
    refused = alice.run("users", "create", "gina", *options)
    assert (refused.returncode, "--no-sign-in --no-console" in refused.stderr) == (2, True), refused
    assert [one.method for one in contract.seen] == ["GET"]
    contract.answers["PUT", "/api/v1/users/gina"] = GINA
    assert alice.run("users", "create", "gina", "--no-sign-in", "--no-console").returncode == 0
    assert (contract.seen[-1].body["sign_in"], contract.seen[-1].body["console_access"]) == (False, False)


def test_a_new_user_has_what_was_named_and_nothing_else(alice, contract):
    contract.answers["PUT", "/api/v1/users/hal"] = {"name": "hal"}
    assert alice.run("users", "create", "hal", "--tag", "team=blue").returncode == 0
    assert contract.seen[-1].body == {**NEW, "tags": {"team": "blue"}}


def test_a_user_that_cannot_be_read_is_not_overwritten(alice, contract):
    contract.answers["GET", "/api/v1/users/gina"] = problem(403, "not_allowed", "No.")
    assert alice.run("users", "create", "gina", "--access-key").returncode == 1
    assert [one.method for one in contract.seen] == ["GET"]


@pytest.mark.parametrize(("console", "word"), [(True, "yes"), (False, "no")])
def test_a_user_is_shown_with_their_way_to_the_console(alice, contract, console, word):
    contract.answers["GET", "/api/v1/users/gina"] = {**GINA, "console_access": console}
    shown = alice.run("users", "show", "gina").stdout
    assert any(line.split() == ["console", word] for line in shown.splitlines())
    assert ("acme.signin" in shown) is console


def test_a_user_is_shown_and_deleted(alice, contract):
    user = {"name": "dana", "zero_access": False, "grants": ["group admins: AdministratorAccess"]}
    contract.answers["GET", "/api/v1/users/dana"] = user
    contract.answers["DELETE", "/api/v1/users/dana"] = user
    assert "AdministratorAccess" in alice.run("users", "show", "dana").stdout
    assert alice.run("users", "delete", "dana").stdout == "Deleted dana.\n"
