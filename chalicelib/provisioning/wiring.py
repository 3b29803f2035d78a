"""Services and clients of provisioning, made when first used."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.access.wiring import POLICIES, rules
from chalicelib.core.wiring import clock, config, journal, leases, new_id, settle

if TYPE_CHECKING:
    from chalicelib.provisioning.services.apply import Provisioning
    from chalicelib.provisioning.services.authorization import Asking
    from chalicelib.provisioning.services.compile import Deployment
    from chalicelib.provisioning.services.converge import Convergence
    from chalicelib.provisioning.services.quarantine_delete_restore import Deletion
    from chalicelib.provisioning.services.records import Records
    from chalicelib.provisioning.services.sign_in import UserAdmin
    from chalicelib.provisioning.services.users import Users


@cache
def deployment() -> Deployment:
    """What the provisioner must know of its deployment."""
    from chalicelib.provisioning.services.compile import Deployment

    return Deployment(
        name=config().deployment,
        broker_role_arn=config().require("broker_role_arn"),
        boundary_arn=config().require("boundary_arn"),
    )


@cache
def iam_users() -> UserAdmin:
    """IAM's users."""
    from chalicelib.core.aws.clients import client
    from chalicelib.provisioning.aws.iam_consistency import Settling
    from chalicelib.provisioning.aws.iam_policies import IamPolicies
    from chalicelib.provisioning.aws.iam_users import IamUsers

    return IamUsers(client("iam"), IamPolicies(client("iam")), Settling(settle))


@cache
def records() -> Records:
    """What provisioning leaves on record."""
    from chalicelib.core.aws.clients import client
    from chalicelib.provisioning.aws.provision_log import TableProvisionLog
    from chalicelib.provisioning.services.records import Records

    log = TableProvisionLog(client("dynamodb"), config().table)
    return Records(log=log, journal=journal(), clock=clock, new_id=new_id)


@cache
def convergence() -> Convergence:
    """IAM's roles, brought to a wanted state."""
    from chalicelib.core.aws.clients import client
    from chalicelib.provisioning.aws.iam_consistency import Settling
    from chalicelib.provisioning.aws.iam_roles import IamRoles
    from chalicelib.provisioning.services.converge import Convergence

    roles = IamRoles(client("iam"), Settling(settle))
    return Convergence(roles=roles, deployment=config().deployment, pause=settle)


@cache
def provisioning() -> Provisioning:
    """The service behind applying role templates."""
    from chalicelib.core.aws.clients import client
    from chalicelib.provisioning.aws.iam_policies import IamPolicies
    from chalicelib.provisioning.domain.escalation import load_paths
    from chalicelib.provisioning.services.apply import Provisioning
    from chalicelib.provisioning.services.compile import Compiler

    paths = load_paths((POLICIES / "escalation.json").read_text())
    policies = IamPolicies(client("iam"))
    compiler = Compiler(deployment=deployment(), policies=policies, users=iam_users(), paths=paths)
    return Provisioning(compiler=compiler, convergence=convergence(), records=records(), leases=leases())


@cache
def deletion() -> Deletion:
    """The service behind quarantine, delete and restore."""
    from chalicelib.provisioning.services.quarantine_delete_restore import Deletion

    return Deletion(convergence=convergence(), records=records(), leases=leases())


@cache
def authorization() -> Asking:
    """The service behind the API's changes of users and roles."""
    from chalicelib.access.aws.catalogue import TableCatalogue
    from chalicelib.core.aws.clients import client
    from chalicelib.core.aws.functions import CHANGING, OrderedFunction, lambda_for_a_caller
    from chalicelib.provisioning.services.authorization import Asking

    return Asking(
        rules=rules(),
        catalogue=TableCatalogue(client("dynamodb"), config().table),
        journal=journal(),
        provisioner=OrderedFunction(lambda_for_a_caller(), config().require("provision_function"), CHANGING),
        clock=clock,
        new_id=new_id,
    )


@cache
def users() -> Users:
    """The service behind /v1/users."""
    import secrets

    from chalicelib.core.aws.clients import client
    from chalicelib.provisioning.aws.iam_policies import IamAccount
    from chalicelib.provisioning.services.sign_in import SignIn
    from chalicelib.provisioning.services.users import Users

    account = IamAccount(client("iam"))
    sign_in = SignIn(deployment=deployment(), users=iam_users(), account=account, draw=secrets.randbelow)
    return Users(deployment=deployment(), users=iam_users(), sign_in=sign_in, records=records(), leases=leases())
