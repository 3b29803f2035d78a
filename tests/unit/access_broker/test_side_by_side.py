"""Templates put side by side: accounts at the same time, one account's in turn, and an end that leaves no doubt."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from access_broker.failures import Misused, Unavailable
from access_broker.roles.side_by_side import Outcome, side_by_side
from access_broker.roles.templates import Template

if TYPE_CHECKING:
    from collections.abc import Callable

FIVE = tuple(f"{number}" * 12 for number in range(1, 6))
OUT = FIVE[2]


def template(account: str, role: str = "tool") -> Template:
    name = f"{account}:{role}" if account else role
    return Template(Path("tool.yaml"), {"name": name}, {}, accounts=("*",))


def run(templates: list[Template], put: Callable[[Template], dict[str, Any]]) -> tuple[list[str], list[str]]:
    """The names that were done and those that failed, in the order of their ends."""
    done: list[str] = []
    failed: list[str] = []

    def take(outcome: Outcome) -> None:
        (failed if outcome.error else done).append(outcome.template.name)

    side_by_side(templates, put, take)
    return done, failed


def test_accounts_are_put_at_the_same_time_and_one_accounts_templates_in_turn():
    both, under_way, most = threading.Barrier(2, timeout=10), [], []

    def put(one: Template):
        account = one.name.partition(":")[0]
        under_way.append(account)
        most.append(under_way.count(account))
        if one.name.endswith("first"):
            both.wait()
        under_way.remove(account)
        return {}

    templates = [template(account, role) for account in FIVE[:2] for role in ("first", "second")]
    done, failed = run(templates, put)
    assert (sorted(done), failed, max(most)) == (sorted(one.name for one in templates), [], 1)
    for account in FIVE[:2]:
        assert done.index(f"{account}:first") < done.index(f"{account}:second")


def test_an_account_out_of_reach_is_asked_once_and_costs_the_others_nothing():
    sent = []

    def put(one: Template):
        sent.append(one.name)
        if one.name.startswith(OUT):
            raise Unavailable("out of reach")
        return {}

    templates = [template(account, role) for account in FIVE for role in ("a", "b")]
    done, failed = run(templates, put)
    assert failed == [f"{OUT}:a", f"{OUT}:b"]
    assert (len(done), f"{OUT}:b" in sent) == (8, False)


def test_a_template_that_is_refused_does_not_end_its_account():
    def put(one: Template):
        if one.name == f"{OUT}:a":
            raise Misused("it climbs")
        return {}

    done, failed = run([template(account, role) for account in FIVE for role in ("a", "b")], put)
    assert (failed, f"{OUT}:b" in done) == ([f"{OUT}:a"], True)


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), Unavailable("the broker is away")])
def test_at_an_interrupt_what_is_under_way_is_waited_for_and_nothing_more_is_sent(ending):
    sent, taken, waiting = [], [], threading.Event()

    def put(one: Template):
        sent.append(one.name)
        if not one.name.startswith(FIVE[0]):
            waiting.wait(10)
        return {}

    def take(outcome: Outcome) -> None:
        taken.append(outcome.template.name)
        if len(taken) == 1:
            waiting.set()
            raise ending

    templates = [template(account, role) for account in FIVE for role in ("a", "b", "c")]
    with pytest.raises(type(ending)):
        side_by_side(templates, put, take)
    assert sorted(taken) == sorted(sent)
    assert len(sent) < len(templates)


def test_an_error_that_is_no_failure_ends_the_run():
    def put(_one: Template):
        raise ZeroDivisionError

    def take(outcome: Outcome) -> None:
        raise outcome.error or AssertionError

    with pytest.raises(ZeroDivisionError):
        side_by_side([template(account) for account in FIVE], put, take)
