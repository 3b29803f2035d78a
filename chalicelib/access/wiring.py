"""Services and clients of access, made when first used."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.core.wiring import beside, clock, config, pause, refusals

if TYPE_CHECKING:
    from chalicelib.access.aws.member_roles import TableMembers
    from chalicelib.access.domain.rules import AccessRules
    from chalicelib.access.services.authentication import Authentication
    from chalicelib.access.services.catalogue import CachedCatalogue
    from chalicelib.access.services.member_recognition import MemberRecognition
    from chalicelib.access.services.principals import Principals
    from chalicelib.access.services.recognition import Recognition
    from chalicelib.access.services.rights import Rights

POLICIES = Path(__file__).parent.parent.parent / "policies"
"""Beside app.py, in the checkout as in the package (vendor/policies links there)."""

CACHE_SECONDS = 60
"""How long a container trusts what it read of a role."""


@cache
def rules() -> AccessRules:
    """The access policies of this package, read once; packaging adds them parsed (lambda_package/access_rules.py)."""
    from chalicelib.access.domain.rule_files import load_compiled, load_rules

    texts = {path.name: path.read_text() for path in (POLICIES / "access").glob("*.cedar")}
    compiled = POLICIES / "access.json"
    return load_compiled(compiled.read_text(), texts) if compiled.exists() else load_rules(texts)


@cache
def principals() -> Principals:
    """IAM, read only: made when the directory cannot tell."""
    from chalicelib.access.aws.principals import IamPrincipals
    from chalicelib.core.aws.clients import client

    return IamPrincipals(client("iam"))


@cache
def hasty_principals() -> Principals:
    """The same, given up sooner."""
    from chalicelib.access.aws.principals import IamPrincipals
    from chalicelib.core.aws.clients import hasty_iam

    return IamPrincipals(hasty_iam())


@cache
def pinned_roles() -> frozenset[str]:
    """Roles whose trust policy pins the session name, as policies/people.json says."""
    import json

    return frozenset(json.loads((POLICIES / "people.json").read_text())["roles_that_pin_the_session_name"])


def home_account() -> str:
    """The id of the broker's own account."""
    return config().require("broker_role_arn").split(":")[4]


def short_name(caller: str) -> str:
    """The name of a caller: one of the broker's own account has no account in it."""
    return caller.removeprefix(f"{home_account()}:")


@cache
def members() -> TableMembers:
    """Member accounts: made when a role of one is asked for."""
    from chalicelib.access.aws.member_roles import TableMembers
    from chalicelib.core.aws.clients import client
    from chalicelib.core.services.ttl_cache import TtlCache

    home = home_account() if config().broker_role_arn else ""
    return TableMembers(client("dynamodb"), config().table, home, TtlCache[str](clock, CACHE_SECONDS).get)


@cache
def recognition() -> Recognition:
    """Says who a caller is."""
    from datetime import timedelta

    from chalicelib.access.aws.sights_table import TableSights
    from chalicelib.access.services.recognition import Recognition
    from chalicelib.core.aws.clients import client

    return Recognition(
        sights=TableSights(client("dynamodb"), config().table, clock, pause, members),
        iam=principals,
        hasty_iam=hasty_principals,
        max_age=timedelta(seconds=config().directory_max_age_seconds),
        pinned=pinned_roles(),
        reader=beside,
        clock=clock,
    )


@cache
def member_recognition() -> MemberRecognition:
    """Says who a caller of a member account is: made when the first one calls."""
    from chalicelib.access.aws.member_role_paths import MemberRolePaths
    from chalicelib.access.aws.sights_table import TableSights
    from chalicelib.access.services.member_recognition import MemberRecognition
    from chalicelib.core.aws.clients import client
    from chalicelib.core.aws.functions import OrderedFunction, lambda_for_a_caller

    doing = "looking at the caller's role"
    provisioner = OrderedFunction(lambda_for_a_caller(), config().require("provision_function"), doing)
    return MemberRecognition(
        organization=config().callers_organization,
        partition=config().require("broker_role_arn").split(":")[1],
        sights=TableSights(client("dynamodb"), config().table, clock, pause, members),
        paths=MemberRolePaths(provisioner, clock),
        clock=clock,
    )


@cache
def catalogue() -> CachedCatalogue:
    """The roles, remembered for a minute."""
    from chalicelib.access.aws.catalogue import TableCatalogue
    from chalicelib.access.services.catalogue import CachedCatalogue
    from chalicelib.core.aws.clients import client

    return CachedCatalogue(TableCatalogue(client("dynamodb"), config().table, members), clock, CACHE_SECONDS)


@cache
def authentication() -> Authentication:
    """The first step of every signed request."""
    from chalicelib.access.services.authentication import Authentication

    return Authentication(
        home=home_account(),
        recognition=recognition(),
        members=member_recognition,
        catalogue=catalogue(),
        policy_set=rules().digest,
        refusals=refusals,
    )


@cache
def rights() -> Rights:
    """The rights over what belongs to others."""
    from chalicelib.access.services.rights import Rights

    return Rights(rules=rules(), catalogue=catalogue(), clock=clock)
