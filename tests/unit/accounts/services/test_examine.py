"""The doctor's look at member accounts: who is looked at, what is at fault, and an account that does not let us in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from chalicelib.accounts.domain.deployed import Deployed, Examined
from chalicelib.accounts.services.examine import AccountExaminer
from chalicelib.core.domain.errors import BrokerError, RefusedByAws, TooManyRequests
from chalicelib.core.domain.roles import Account
from tests.fakes.accounts import DEV, HERE, HOME, PROD, FakeDeployed, FakeRegistry

ACCOUNTS = (Account(DEV, "dev", state="joined"), Account(PROD, "prod", state="unreachable"))


def examined(*accounts: Account, **has: Deployed | BrokerError) -> tuple[Examined, ...]:
    rows = FakeRegistry({one.id: one for one in accounts})
    names = {"dev": DEV, "prod": PROD}
    deployed = FakeDeployed({names[alias]: one for alias, one in has.items()})
    return AccountExaminer(accounts=rows, deployed=deployed, threads=lambda: ThreadPoolExecutor(2)).examine()


def test_each_account_tells_its_template_and_the_policies_at_fault() -> None:
    changed = Deployed("1", {"b-boundary": {"Statement": ["allow"]}, "b-guard": None})
    dev, prod = examined(*ACCOUNTS, dev=Deployed("2", HERE), prod=changed)
    assert dev == Examined(DEV, "dev", "", "2", {})
    assert prod == Examined(PROD, "prod", "", "1", {"b-boundary": "another document", "b-guard": "missing"})


def test_an_account_that_does_not_let_us_in_is_named_by_awss_code_and_the_others_are_looked_at() -> None:
    refused = RefusedByAws("AWS refused entering account.", "AccessDenied")
    assert [one.refused for one in examined(*ACCOUNTS, dev=Deployed("2", HERE), prod=refused)] == ["", "AccessDenied"]
    [throttled] = examined(ACCOUNTS[0], dev=TooManyRequests("later"))
    assert throttled.refused == "too_many_requests"


def test_the_brokers_own_account_and_those_that_left_are_not_looked_at() -> None:
    assert examined(replace(ACCOUNTS[0], state="left"), Account(HOME, state="home")) == ()
