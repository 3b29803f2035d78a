"""The registry: who is in it, and who is served."""

from __future__ import annotations

import pytest

from chalicelib.accounts.domain.registry import Listed
from chalicelib.core.domain.errors import AwsUnavailable, RefusedByAws
from tests.fakes.accounts import DEV, HOME, PROD, RegistryDesk

DENIED = RefusedByAws("AWS refused entering the account (AccessDenied).", "AccessDenied")


@pytest.fixture
def desk() -> RegistryDesk:
    return RegistryDesk()


def states(desk: RegistryDesk) -> dict[str, str]:
    return {number: account.state for number, account in desk.registry.rows.items()}


def test_accounts_that_let_the_broker_in_have_joined_and_its_own_is_home(desk) -> None:
    desk.run(Listed(HOME), Listed(DEV, "dev"), Listed(PROD, "prod"))
    assert states(desk) == {HOME: "home", DEV: "joined", PROD: "joined"}
    assert HOME not in desk.spokes.entered


def test_an_account_without_the_spoke_role_is_unreachable_and_not_lost(desk) -> None:
    desk.spokes.fails_with[DEV] = DENIED
    run = desk.run(Listed(DEV), Listed(PROD))
    assert states(desk) == {DEV: "unreachable", PROD: "joined"}
    assert not desk.registry.rows[DEV].served
    assert run.lost == ()


def test_an_account_that_takes_its_spoke_role_away_is_named_as_lost_and_comes_back(desk) -> None:
    desk.run(Listed(DEV, "dev"))
    desk.spokes.fails_with[DEV] = DENIED
    assert [one.id for one in desk.run(Listed(DEV, "dev")).lost] == [DEV]
    assert [one.id for one in desk.run(Listed(DEV, "dev")).lost] == [DEV]
    desk.spokes.fails_with.clear()
    assert desk.run(Listed(DEV, "dev")).lost == ()
    assert states(desk) == {DEV: "joined"}


def test_a_policy_of_the_organisation_that_keeps_the_broker_out_is_named(desk) -> None:
    """Deploying the template again would not help."""
    desk.spokes.fails_with[DEV] = RefusedByAws("AWS refused it.", "AccessDenied", "service control policy")
    desk.run(Listed(DEV))
    assert "service control policy" in desk.registry.rows[DEV].reason
    assert "template" not in desk.registry.rows[DEV].reason


def test_one_look_that_aws_does_not_answer_changes_nothing(desk) -> None:
    desk.run(Listed(DEV))
    checked = desk.registry.rows[DEV].checked_at
    desk.clock.pass_seconds(900)
    desk.spokes.fails_with[DEV] = AwsUnavailable("no answer")
    desk.run(Listed(DEV))
    assert (desk.registry.rows[DEV].state, desk.registry.rows[DEV].checked_at) == ("joined", checked)


def test_a_suspended_account_is_not_entered_and_not_served(desk) -> None:
    desk.run(Listed(DEV))
    desk.spokes.entered.clear()
    desk.run(Listed(DEV, closed="the organisation calls it SUSPENDED"))
    assert (states(desk), desk.spokes.entered) == ({DEV: "left"}, [])


def test_an_account_that_is_in_no_list_any_more_has_left_and_its_alias_is_free(desk) -> None:
    desk.run(Listed(DEV, "dev"), Listed(PROD))
    desk.run(Listed(PROD))
    assert (states(desk)[DEV], desk.registry.aliases) == ("left", {})


def test_an_organisation_that_does_not_answer_makes_no_account_leave(desk) -> None:
    desk.run(Listed(DEV, "dev", ou_path="/Workloads"))
    desk.run(answered=False)
    assert states(desk) == {DEV: "joined"}
    assert desk.registry.rows[DEV].ou_path == "/Workloads"


def test_without_the_right_to_read_the_organisation_the_file_alone_counts(desk) -> None:
    desk.run(Listed(DEV, "dev"))
    desk.filed = (Listed(PROD, "prod", ou_path="/Prod", tags={"env": "prod"}),)
    run = desk.run(denied=("listing the organisation (AccessDeniedException)",))
    assert states(desk) == {DEV: "left", PROD: "joined"}
    assert run.denied == ("listing the organisation (AccessDeniedException)",)


def test_an_alias_moves_with_the_file_and_never_stands_for_two(desk) -> None:
    desk.run(Listed(DEV, "shop"), Listed(PROD, "shop"))
    assert desk.registry.aliases == {"shop": DEV}
    desk.filed = (Listed(PROD, "shop"),)
    desk.run(Listed(DEV, "shop"), Listed(PROD))
    assert desk.registry.aliases == {"shop": PROD}
    assert desk.registry.rows[DEV].alias == ""
