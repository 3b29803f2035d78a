"""Services and clients of provisioning, made when first used."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from chalicelib.access.wiring import POLICIES, home_account, members, rules
from chalicelib.core.wiring import clock, config, leases, new_id, refusals, settle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.provisioning.services.apply import TemplateApplier
    from chalicelib.provisioning.services.authorization import ProvisioningAuthorization
    from chalicelib.provisioning.services.compile import Deployment
    from chalicelib.provisioning.services.converge import RoleConvergence
    from chalicelib.provisioning.services.delete import RoleDeletion
    from chalicelib.provisioning.services.own_identity import OwnIdentity
    from chalicelib.provisioning.services.quarantine import RoleQuarantine
    from chalicelib.provisioning.services.records import ProvisioningRecords
    from chalicelib.provisioning.services.restore import RoleRestoration
    from chalicelib.provisioning.services.sign_in import ConsoleSignIn, UserAdmin
    from chalicelib.provisioning.services.undo_interrupted import InterruptedChanges
    from chalicelib.provisioning.services.user_keys import UserKeys
    from chalicelib.provisioning.services.users import UserProvisioning


POLICY_SECONDS = 300
"""How long a container remembers AWS's own managed policies."""


@cache
def deployment() -> Deployment:
    """The parts of Config that provisioning needs."""
    from chalicelib.provisioning.services.compile import Deployment

    return Deployment(
        name=config().deployment,
        broker_role_arn=config().require("broker_role_arn"),
        boundary_arn=config().require("boundary_arn"),
        guard_arns=config().guard_arns,
    )


@cache
def iam_users() -> UserAdmin:
    """IAM's users."""
    from chalicelib.core.aws.clients import client
    from chalicelib.provisioning.aws.iam_consistency import SettlingTime
    from chalicelib.provisioning.aws.iam_policies import IamPolicies
    from chalicelib.provisioning.aws.iam_users import IamUsers

    return IamUsers(client("iam"), IamPolicies(client("iam")), SettlingTime(settle), deployment().sign_in_arn)


@cache
def records() -> ProvisioningRecords:
    """The records of provisioning."""
    from chalicelib.core.aws.clients import client
    from chalicelib.provisioning.aws.provision_log import TableProvisionLog
    from chalicelib.provisioning.services.records import ProvisioningRecords

    log = TableProvisionLog(client("dynamodb"), config().table)
    return ProvisioningRecords(log=log, refusals=refusals(), clock=clock, new_id=new_id)


@cache
def convergence() -> RoleConvergence:
    """IAM's roles, brought to a wanted state."""
    from chalicelib.accounts.wiring import spoke_roles
    from chalicelib.core.aws.clients import client
    from chalicelib.provisioning.aws.iam_consistency import SettlingTime
    from chalicelib.provisioning.aws.iam_roles import IamRoles
    from chalicelib.provisioning.aws.roles_of_accounts import RolesOfAccounts
    from chalicelib.provisioning.services.converge import RoleConvergence

    settling = cache(lambda _account: SettlingTime(settle))  # it remembers what it made, as long as its container lives
    roles = RolesOfAccounts(
        IamRoles(client("iam"), SettlingTime(settle)),
        lambda account: IamRoles(spoke_roles().iam(account), settling(account)),
    )
    return RoleConvergence(roles=roles, deployment=config().deployment, pause=settle)


@cache
def template_applier() -> TemplateApplier:
    """The service behind applying role templates."""
    from chalicelib.core.aws.clients import client
    from chalicelib.core.services.ttl_cache import TtlCache
    from chalicelib.provisioning.aws.iam_policies import IamPolicies, RememberedPolicies
    from chalicelib.provisioning.domain.escalation import load_paths
    from chalicelib.provisioning.domain.tiers import BOUNDARIES, load_tiers
    from chalicelib.provisioning.services.apply import TemplateApplier
    from chalicelib.provisioning.services.compile import TemplateCompiler

    known: TtlCache[Mapping[str, Any] | None] = TtlCache(clock, POLICY_SECONDS)
    names = ("tiers", "service-authorization", "reviewed-actions", *BOUNDARIES.values())
    compiler = TemplateCompiler(
        deployment=deployment(),
        policies=RememberedPolicies(IamPolicies(client("iam")), known.get),
        users=iam_users(),
        paths=load_paths((POLICIES / "escalation.json").read_text()),
        tiers=load_tiers(*((POLICIES / f"{name}.json").read_text() for name in names)),
    )
    return TemplateApplier(compiler=compiler, convergence=convergence(), records=records(), leases=leases())


def member_role_facts(account: str, role_arn: str) -> dict[str, Any] | None:
    """Facts of a role in a member account, read through the spoke role; None if there is no such role."""
    from chalicelib.accounts.wiring import spoke_roles
    from chalicelib.provisioning.aws.member_role_facts import read

    return read(spoke_roles().iam(account), role_arn)


def member_caller_role(account: str, name: str) -> dict[str, str] | None:
    """Unique id and path of a role in a member account, read through the spoke role."""
    from chalicelib.accounts.wiring import spoke_roles
    from chalicelib.provisioning.aws.member_role_facts import identity

    return identity(spoke_roles().iam(account), name)


@cache
def quarantine() -> RoleQuarantine:
    """Quarantine and release of a role."""
    from chalicelib.provisioning.services.quarantine import RoleQuarantine

    return RoleQuarantine(convergence=convergence(), records=records(), leases=leases())


@cache
def deletion() -> RoleDeletion:
    """The service behind deleting a role."""
    from chalicelib.provisioning.services.delete import RoleDeletion

    return RoleDeletion(convergence=convergence(), records=records(), leases=leases())


@cache
def restoration() -> RoleRestoration:
    """The service behind restoring a role."""
    from chalicelib.provisioning.services.restore import RoleRestoration

    return RoleRestoration(quarantine=quarantine())


@cache
def interrupted_changes() -> InterruptedChanges:
    """The service that undoes changes of roles that were cut off."""
    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.events import Origin
    from chalicelib.provisioning.services.undo_interrupted import InterruptedChanges

    provisioner = Caller("role", f"{deployment().name}-provision", "", deployment().account, "")
    return InterruptedChanges(convergence=convergence(), records=records(), leases=leases(), origin=Origin(provisioner))


@cache
def authorization() -> ProvisioningAuthorization:
    """The service behind the API's changes of users and roles."""
    from chalicelib.access.aws.catalogue import TableCatalogue
    from chalicelib.core.aws.clients import client
    from chalicelib.core.aws.functions import CHANGING, OrderedFunction, lambda_for_a_caller
    from chalicelib.provisioning.services.authorization import ProvisioningAuthorization

    return ProvisioningAuthorization(
        home=home_account(),
        rules=rules(),
        catalogue=TableCatalogue(client("dynamodb"), config().table, members),
        members=members,
        refusals=refusals(),
        provisioner=OrderedFunction(lambda_for_a_caller(), config().require("provision_function"), CHANGING),
        clock=clock,
    )


@cache
def user_provisioning() -> UserProvisioning:
    """The service behind /v1/users."""
    from chalicelib.provisioning.services.users import UserProvisioning

    return UserProvisioning(
        deployment=deployment(), users=iam_users(), sign_in=sign_in(), records=records(), leases=leases()
    )


@cache
def sign_in() -> ConsoleSignIn:
    """Passwords of users."""
    import secrets

    from chalicelib.core.aws.clients import client
    from chalicelib.provisioning.aws.iam_policies import IamAccount
    from chalicelib.provisioning.services.sign_in import ConsoleSignIn

    account = IamAccount(client("iam"))
    return ConsoleSignIn(deployment=deployment(), users=iam_users(), account=account, draw=secrets.randbelow)


@cache
def own_identity() -> OwnIdentity:
    """The service behind /v1/me."""
    from chalicelib.core.aws.clients import client
    from chalicelib.provisioning.aws.act_counts import TableActCounts
    from chalicelib.provisioning.aws.iam_own_user import IamOwnCredentials
    from chalicelib.provisioning.aws.key_marks import TableKeyMarks
    from chalicelib.provisioning.services.own_identity import OwnIdentity

    return OwnIdentity(
        sign_in=sign_in(),
        own=IamOwnCredentials(client("iam"), deployment().partition, deployment().account),
        acts=TableActCounts(client("dynamodb"), config().table),
        marks=TableKeyMarks(client("dynamodb"), config().table),
        records=records(),
        leases=leases(),
    )


@cache
def user_keys() -> UserKeys:
    """The service behind keys that get old."""
    from chalicelib.provisioning.services.user_keys import UserKeys

    own = own_identity()
    return UserKeys(
        deployment=deployment().name,
        users=iam_users(),
        own=own.own,
        marks=own.marks,
        records=records(),
        leases=leases(),
    )
