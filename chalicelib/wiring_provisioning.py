"""Where provisioning meets its clients; part of wiring, in a file of its own for its length."""
# ruff: noqa: PLC0415  imports inside functions, as in wiring: a cold start loads what the request needs

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib import wiring

if TYPE_CHECKING:
    from chalicelib.domain.provisioning_ports import UserAdmin
    from chalicelib.services.provisioning import Provisioning
    from chalicelib.services.provisioning_asking import Asking
    from chalicelib.services.provisioning_compiler import Deployment
    from chalicelib.services.provisioning_convergence import Convergence
    from chalicelib.services.provisioning_deletion import Deletion
    from chalicelib.services.provisioning_records import Records
    from chalicelib.services.provisioning_users import Users


@cache
def deployment() -> Deployment:
    """What the provisioner must know of its deployment."""
    from chalicelib.services.provisioning_compiler import Deployment

    return Deployment(
        name=wiring.config().deployment,
        broker_role_arn=wiring.config().require("broker_role_arn"),
        boundary_arn=wiring.config().require("boundary_arn"),
    )


@cache
def iam_users() -> UserAdmin:
    """IAM's users."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.iam_policies import IamPolicies
    from chalicelib.aws.iam_settling import Settling
    from chalicelib.aws.iam_users import IamUsers

    return IamUsers(client("iam"), IamPolicies(client("iam")), Settling(wiring.settle))


@cache
def records() -> Records:
    """What provisioning leaves on record."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.provision_log import TableProvisionLog
    from chalicelib.services.provisioning_records import Records

    log = TableProvisionLog(client("dynamodb"), wiring.config().table)
    return Records(log=log, journal=wiring.journal(), clock=wiring.clock, new_id=wiring.new_id)


@cache
def convergence() -> Convergence:
    """IAM's roles, brought to a wanted state."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.iam_roles import IamRoles
    from chalicelib.aws.iam_settling import Settling
    from chalicelib.services.provisioning_convergence import Convergence

    roles = IamRoles(client("iam"), Settling(wiring.settle))
    return Convergence(roles=roles, deployment=wiring.config().deployment, pause=wiring.settle)


@cache
def provisioning() -> Provisioning:
    """The service behind applying role templates."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.iam_policies import IamPolicies
    from chalicelib.domain.escalation import load_paths
    from chalicelib.services.provisioning import Provisioning
    from chalicelib.services.provisioning_compiler import Compiler

    paths = load_paths((wiring.POLICIES / "escalation.json").read_text())
    policies = IamPolicies(client("iam"))
    compiler = Compiler(deployment=deployment(), policies=policies, users=iam_users(), paths=paths)
    return Provisioning(compiler=compiler, convergence=convergence(), records=records(), leases=wiring.leases())


@cache
def deletion() -> Deletion:
    """The service behind quarantine, delete and restore."""
    from chalicelib.services.provisioning_deletion import Deletion

    return Deletion(convergence=convergence(), records=records(), leases=wiring.leases())


@cache
def asking() -> Asking:
    """The service behind the API's changes of users and roles."""
    from chalicelib.aws.catalogue import TableCatalogue
    from chalicelib.aws.clients import client
    from chalicelib.aws.functions import CHANGING, OrderedFunction, lambda_for_a_caller
    from chalicelib.services.provisioning_asking import Asking

    return Asking(
        rules=wiring.rules(),
        catalogue=TableCatalogue(client("dynamodb"), wiring.config().table),
        journal=wiring.journal(),
        provisioner=OrderedFunction(lambda_for_a_caller(), wiring.config().require("provision_function"), CHANGING),
        clock=wiring.clock,
        new_id=wiring.new_id,
    )


@cache
def users() -> Users:
    """The service behind /v1/users."""
    import secrets

    from chalicelib.aws.clients import client
    from chalicelib.aws.iam_policies import IamAccount
    from chalicelib.services.provisioning_sign_in import SignIn
    from chalicelib.services.provisioning_users import Users

    account = IamAccount(client("iam"))
    sign_in = SignIn(deployment=deployment(), users=iam_users(), account=account, draw=secrets.randbelow)
    return Users(deployment=deployment(), users=iam_users(), sign_in=sign_in, records=records(), leases=wiring.leases())
