"""Services and clients of accounts, made when first used."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

from chalicelib.access.wiring import POLICIES, members, rights
from chalicelib.core.wiring import clock, config, refusals

if TYPE_CHECKING:
    from chalicelib.accounts.aws.control_policies import AwsControlPolicies
    from chalicelib.accounts.aws.spokes import SpokeRoles
    from chalicelib.accounts.services.browse import AccountBrowser
    from chalicelib.accounts.services.examine import AccountExaminer
    from chalicelib.accounts.services.find_roles import RoleFinder
    from chalicelib.accounts.services.sync import RegistrySync
    from chalicelib.core.services.ttl_cache import TtlCache

CONTROL_POLICIES_KEPT_SECONDS = 300

LOOKED_AT_ONCE = 8
"""Accounts whose spoke role is tried at the same time."""


@cache
def account_browser() -> AccountBrowser:
    """The service behind GET /v1/accounts."""
    from chalicelib.accounts.services.browse import AccountBrowser

    return AccountBrowser(rights=rights(), accounts=members(), refusals=refusals())


@cache
def spoke_roles() -> SpokeRoles:
    """The provision function's way into member accounts."""
    from chalicelib.accounts.aws.spokes import SpokeRoles
    from chalicelib.core.aws.clients import client
    from chalicelib.core.domain.roles import spoke_external_id

    _, partition, _, _, home, *_ = config().require("broker_role_arn").split(":")
    return SpokeRoles(
        sts=client("sts"),
        partition=partition,
        external_id=spoke_external_id(config().deployment, home),
        deployment=config().deployment,
        registered=members().account,
        clock=clock,
    )


def control_policies(account: str) -> dict[str, Any]:
    """The service control policies that bind an account. Organizations limits its calls, so they are remembered."""
    return _remembered_policies().get(account, lambda: _organization_policies().of(account))


@cache
def _remembered_policies() -> TtlCache[dict[str, Any]]:
    from chalicelib.core.services.ttl_cache import TtlCache

    return TtlCache(clock, CONTROL_POLICIES_KEPT_SECONDS)


@cache
def _organization_policies() -> AwsControlPolicies:
    from chalicelib.accounts.aws.control_policies import AwsControlPolicies
    from chalicelib.core.aws.clients import client

    return AwsControlPolicies(client("organizations"))


@cache
def account_examiner() -> AccountExaminer:
    """The service behind the doctor's look at member accounts."""
    from concurrent.futures import ThreadPoolExecutor

    from chalicelib.accounts.aws.deployed import DeployedPolicies
    from chalicelib.accounts.services.examine import AccountExaminer
    from chalicelib.core.aws.clients import client
    from chalicelib.core.domain.roles import boundaries_of

    boundary = config().require("boundary_arn")
    arns = (*sorted(boundaries_of(boundary)), *config().guard_arns)
    return AccountExaminer(
        accounts=members(),
        deployed=DeployedPolicies(client("iam"), boundary.split(":")[4], arns, spoke_roles()),
        threads=partial(ThreadPoolExecutor, max_workers=LOOKED_AT_ONCE),
    )


@cache
def role_finder() -> RoleFinder:
    """The service that finds brokered roles which the catalogue does not have."""
    from concurrent.futures import ThreadPoolExecutor

    from chalicelib.accounts.aws.brokered_roles import BrokeredRoles
    from chalicelib.accounts.services.find_roles import RoleFinder
    from chalicelib.core.domain.roles import boundaries_of

    boundary = config().require("boundary_arn")
    return RoleFinder(
        accounts=members(),
        roles=BrokeredRoles(boundary.split(":")[4], boundaries_of(boundary), spoke_roles()),
        threads=partial(ThreadPoolExecutor, max_workers=LOOKED_AT_ONCE),
    )


@cache
def registry_sync() -> RegistrySync:
    """The service behind the registry's schedule."""
    from concurrent.futures import ThreadPoolExecutor

    from chalicelib.accounts.aws.organization import AwsOrganization
    from chalicelib.accounts.aws.registry_table import TableRegistry
    from chalicelib.accounts.domain.registry import accounts_file
    from chalicelib.accounts.services.sync import RegistrySync
    from chalicelib.core.aws.clients import client

    filed = POLICIES / "accounts.json"
    return RegistrySync(
        organization=AwsOrganization(client("organizations")),
        filed=lambda: accounts_file(filed.read_text()),
        spokes=spoke_roles(),
        registry=TableRegistry(client("dynamodb"), config().table, members()),
        home=config().require("broker_role_arn").split(":")[4],
        threads=partial(ThreadPoolExecutor, max_workers=LOOKED_AT_ONCE),
        clock=clock,
    )
