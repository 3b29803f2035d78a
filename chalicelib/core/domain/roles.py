"""A brokered role: what the broker knows of it and how AWS names it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, get_args
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Tier = Literal["workload", "operator", "deployer"]
"""How far a role's boundary reaches (policies/tiers.json); the first is the narrowest and the default."""

TIERS: tuple[Tier, ...] = get_args(Tier)

KEEP_TAG = "access-broker:keep"
"""On a role that clean-up shall never touch; the value may say why."""

DEPLOYMENT_TAG = "access-broker:deployment"
"""Which deployment made it: two stages may share an account, and neither touches the other's."""

CONSOLES = {
    "aws": ("signin.aws.amazon.com", "console.aws.amazon.com"),
    "aws-cn": ("signin.amazonaws.cn", "console.amazonaws.cn"),
    "aws-eusc": ("eusc-de-east-1.signin.amazonaws-eusc.eu", "console.amazonaws-eusc.eu"),
    "aws-us-gov": ("signin.amazonaws-us-gov.com", "console.amazonaws-us-gov.com"),
}
"""By partition, where one signs in and the console. Sign-in: botocore's endpoint rules of the service `signin`."""

ROLE_PATH = "/access-broker/"
"""Everything the broker makes or hands out lives under this IAM path."""

WORKLOAD_PATH = "/access-broker-workloads/"
"""Under this path brokered deployers make roles of their own, and choose trust and tags (policytool/tiers.py)."""

ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
"""IAM CreateRole, RoleName."""

ACCOUNT_ID = re.compile(r"[0-9]{12}")
ACCOUNT_ALIAS = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""The broker's own name for an account; no account id looks like one."""

MANAGED_TAG = "access-broker:managed"
"""Set on everything the provisioner makes; clean-up touches nothing without it."""

SESSION_TAG = "access-broker:session"
"""The session tag that carries the session id: what a revocation denies."""

MAX_CHAINED_SECONDS = 3600
"""A role that assumes a role gets one hour at most (STS AssumeRole, role chaining)."""

MAX_SESSION_POLICY = 2048
"""Characters of a session policy, all policy ARNs included (STS AssumeRole, Policy)."""

MAX_POLICY_ARNS = 10
MAX_CALLER_TAGS = 48
"""STS takes 50 session tags; two are the broker's."""

SHORTEST_SESSION = timedelta(seconds=900)
"""AWS issues no shorter session (STS AssumeRole, DurationSeconds): an approval later than that is worth nothing."""


AccountState = Literal["home", "joined", "unreachable", "left"]
"""`home`: the broker's own. `joined`: its spoke role let us in. `unreachable`: it did not. `left`: not to be served."""

SPOKE_ROLE = "access-broker-spoke"
"""The role that the provision function assumes in a member account. It is not under the broker's path, so the API
function, which may assume what is under it, cannot."""

SPOKE_TEMPLATE, SPOKE_TEMPLATE_TAG = "4", "access-broker:template"
"""Version of the member template (policytool/spoke.py), and the tag of the spoke role that has it."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account. `ou_path` names its organizational units from the root on, as `/Workloads/Prod`.

    Alias, tags and path come from a reviewed file or from the organisation's
    management account: no member account can change them. Its name it can.
    `reason` says why it is not served. `joined_before` says that it once was.
    """

    id: str
    alias: str = ""
    name: str = ""
    ou_path: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    state: AccountState = "unreachable"
    reason: str = field(default="", compare=False)
    checked_at: datetime | None = field(default=None, compare=False)
    joined_before: bool = field(default=False, compare=False)

    @property
    def served(self) -> bool:
        """True if sessions may be issued: those of an account that is out of reach could not be revoked."""
        return self.state in {"home", "joined"}

    @property
    def shown(self) -> str:
        """The alias, where there is one, and the id."""
        return f"{self.alias} ({self.id})" if self.alias else self.id

    @property
    def units(self) -> tuple[str, ...]:
        """The paths of its organizational units, the nearest first: `/Workloads/Prod`, `/Workloads`."""
        names = [name for name in self.ou_path.split("/") if name]
        return tuple("/" + "/".join(names[:depth]) for depth in range(len(names), 0, -1))


@dataclass(frozen=True, slots=True)
class Role:
    """A role under our path, as the catalogue row describes it.

    `name` is the role's name in IAM; for a role of a member account
    `ACCOUNT ID:NAME`. `home` is that account as the registry knows it, None
    for roles of the broker's own account.
    `fingerprint` is what the provisioner made of it (domain.fingerprints).
    `direct_users` may assume it without the broker, as the template has them:
    by name, or a user, role or session by ARN; `demands_external_id` says that
    they must send one.
    `quarantined` says that clean-up had everything denied to it.
    """

    name: str
    arn: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    max_session_seconds: int = MAX_CHAINED_SECONDS
    direct_users: tuple[str, ...] = ()
    demands_external_id: bool = False
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    quarantined: bool = False
    tier: Tier = "workload"
    unique_id: str = ""
    home: Account | None = None

    @property
    def account(self) -> str:
        """The twelve digits of the account that owns the role."""
        return self.arn.split(":")[4]

    @property
    def path(self) -> str:
        """The IAM path, with both slashes."""
        return "/" + self.arn.split(":role/", 1)[1].removesuffix(split_role_name(self.name)[1])

    @property
    def switchable(self) -> bool:
        """True if the console can switch to it: its form sends neither source identity nor external id."""
        return bool(self.direct_users) and not self.demands_external_id

    def names(self, user: str) -> bool:
        """True if the user may assume it without the broker, be it named by name or by ARN."""
        return any(one.rpartition("/")[2] == user for one in self.direct_users)


def split_role_name(name: str) -> tuple[str, str]:
    """`ACCOUNT:ROLE` as (account id or alias, role); a role of the broker's own account has no account: ("", role)."""
    account, _, role = name.rpartition(":")
    return account, role


def is_role_name(name: str) -> bool:
    """True for `ROLE` and `ACCOUNT:ROLE`, as they may be asked for."""
    account, colon, role = name.rpartition(":")
    fits = not colon or ACCOUNT_ID.fullmatch(account) or ACCOUNT_ALIAS.fullmatch(account)
    return bool(fits) and ROLE_NAME.fullmatch(role) is not None


WHOLE_BROKER = Role(name="", arn="")
"""Stands where a role would, in asks about the deployment itself. No role has an empty name."""


def boundary_of(tier: Tier, workload_boundary: str) -> str:
    """The ARN of a tier's boundary: the deployment names them alike (.chalice/resources.json)."""
    return workload_boundary if tier == "workload" else f"{workload_boundary}-{tier}"


def boundaries_of(workload_boundary: str) -> frozenset[str]:
    """The ARNs of the boundaries of all tiers."""
    return frozenset(boundary_of(tier, workload_boundary) for tier in TIERS)


def external_id(deployment: str, role_arn: str) -> str:
    """The external id of one role: chosen by the broker, never by a caller.

    Derived, not stored: the trust policy and every AssumeRole compute the same
    value. It is not a secret (AWS: "external ID"); it ties a role to one broker.
    """
    return hashlib.sha256(f"{deployment}\n{role_arn}".encode()).hexdigest()[:32]


def spoke_external_id(deployment: str, hub_account: str) -> str:
    """The external id of every spoke role of one deployment. It is not a secret; it ties the spokes to one broker."""
    return external_id(deployment, f"{hub_account}:{SPOKE_ROLE}")


def switch_role_url(role: Role) -> str | None:
    """The console's switch-role link, or None where the role cannot be switched to."""
    if not role.switchable:
        return None
    path_and_name = role.arn.split(":role/", 1)[1]
    query = urlencode({"account": role.account, "roleName": path_and_name, "displayName": role.name}, safe="/")
    return f"https://{sign_in_host(role.arn)}/switchrole?{query}"


def sign_in_host(arn: str) -> str:
    """Where the console of the ARN's partition signs in."""
    return CONSOLES[arn.split(":")[1]][0]


def console_home(arn: str) -> str:
    """The first page of the console of the ARN's partition."""
    return f"https://{CONSOLES[arn.split(':')[1]][1]}/"
