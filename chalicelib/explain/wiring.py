"""Services and clients of explain, made when first used."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.access.wiring import catalogue, member_recognition, pinned_roles, rights, rules
from chalicelib.approvals.wiring import grants
from chalicelib.core.wiring import clock, config, refusals

if TYPE_CHECKING:
    from chalicelib.explain.aws.roles_of_accounts import RolesOfAccounts
    from chalicelib.explain.services.browse_roles import RoleBrowser
    from chalicelib.explain.services.explain import Explainer


@cache
def role_browser() -> RoleBrowser:
    """The service behind GET /v1/roles."""
    from chalicelib.explain.services.browse_roles import RoleBrowser

    return RoleBrowser(rules=rules(), catalogue=catalogue(), grants=grants(), rights=rights(), clock=clock)


@cache
def iam_facts() -> RolesOfAccounts:
    """IAM of the broker's account, and through the provision function that of member accounts."""
    from chalicelib.core.aws.clients import client
    from chalicelib.core.aws.functions import OrderedFunction, lambda_for_a_caller
    from chalicelib.explain.aws.iam_facts import ReadOnlyIam
    from chalicelib.explain.aws.roles_of_accounts import RolesOfAccounts

    boundary = config().require("boundary_arn")
    provisioner = OrderedFunction(lambda_for_a_caller(), config().require("provision_function"), "reading the role")
    return RolesOfAccounts(ReadOnlyIam(client("iam"), boundary), provisioner, boundary)


@cache
def explainer() -> Explainer:
    """The service behind POST /v1/explain."""
    from chalicelib.access.aws.principals import IamPrincipals
    from chalicelib.core.aws.clients import client
    from chalicelib.directory.wiring import suspensions
    from chalicelib.explain.services.callers import CallerExplainer
    from chalicelib.explain.services.explain import Explainer

    iam = iam_facts()
    return Explainer(
        deployment=config().deployment,
        broker_role_arn=config().require("broker_role_arn"),
        rights=rights(),
        people=IamPrincipals(client("iam")),
        members=member_recognition,
        callers=CallerExplainer(suspensions=suspensions(), trusts=iam.home, pinned=pinned_roles()),
        iam=iam,
        grants=grants(),
        refusals=refusals(),
    )
