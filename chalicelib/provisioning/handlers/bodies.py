"""Bodies of provisioning: templates and users over HTTP, orders to the provision function."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  msgspec reads the annotations
from typing import Annotated, Any, Literal

import msgspec

from chalicelib.core.domain.callers import USER_NAME, Caller
from chalicelib.core.domain.errors import InvalidRequest, NotFound
from chalicelib.core.domain.events import Origin
from chalicelib.core.domain.roles import Tier, is_role_name, split_role_name
from chalicelib.provisioning.domain.templates import RoleTemplate, Trust
from chalicelib.provisioning.domain.users import UserAsk

GroupName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_+=,.@-]{1,128}$(?!\n)")]


class TrustBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`trust` of a role template; the words are those of domain.templates.Trust."""

    through_broker: bool = True
    callers: tuple[str, ...] = ()
    direct_users: tuple[str, ...] = ()
    source_ips: tuple[str, ...] = ()
    require_mfa: bool = False
    organization_id: str = ""
    external_id: str = ""
    statements: tuple[dict[str, Any], ...] = ()
    exceptions: tuple[str, ...] = ()


class TemplateBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A role template as in policies/roles, and the body of PUT /v1/roles/{name}."""

    name: str = ""
    description: str = ""
    managed_policies: tuple[str, ...] = ()
    inline_policy: dict[str, Any] | None = None
    max_session_seconds: int = 3600
    tier: Tier = "workload"
    tags: dict[str, str] = {}
    trust: TrustBody = TrustBody()

    def template(self, name: str = "") -> RoleTemplate:
        """The template, called `name`; InvalidRequest if the body says another one."""
        if name and self.name not in {"", name, split_role_name(name)[1]}:
            raise InvalidRequest("Two names for one role.", {"name": f"{name}, as in the path, or nothing"})
        words = msgspec.structs.asdict(self)
        return RoleTemplate(**{**words, "name": name or self.name, "trust": self._trust()})

    def _trust(self) -> Trust:
        return Trust(**msgspec.structs.asdict(self.trust))


class UserBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The body of PUT /v1/users/{name}."""

    tags: dict[str, str] = {}
    groups: tuple[GroupName, ...] = ()
    console_access: bool = False
    access_key: bool = False
    groups_may_grant: bool = False
    sign_in: bool = False

    def ask(self, name: str, token: str) -> UserAsk:
        """The ask for the service. A user who signs in has a console password."""
        wanted = {**msgspec.structs.asdict(self), "console_access": self.console_access or self.sign_in}
        return UserAsk(name, **wanted, token=token)


class CallerBody(msgspec.Struct, frozen=True):
    """The caller that the API verified, as it hands them on."""

    kind: Literal["user", "role"]
    name: str
    arn: str = ""
    account: str = ""
    unique_id: str = ""


class OriginBody(msgspec.Struct, frozen=True):
    """The origin of an order. The function trusts its invokers: IAM decides who may invoke it."""

    caller: CallerBody
    request_id: str = ""
    source_ip: str = ""
    policy_set: str = ""
    mfa: bool = False

    def origin(self) -> Origin:
        """The origin for the audit event."""
        caller = self.caller
        who = Caller(caller.kind, caller.name, caller.arn, caller.account, caller.unique_id)
        return Origin(who, self.request_id, self.source_ip, self.policy_set, mfa=self.mfa)


class OwnBody(msgspec.Struct, frozen=True):
    """The part of an order that is about the caller's own keys and devices."""

    key: str = ""
    status: Literal["Active", "Inactive"] = "Inactive"
    device: str = ""
    codes: tuple[str, ...] = ()


class Order(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An order to the provision function. `name` names the user or role, unless `template` does.

    `names` are roles or users to look at. `quarantined` is the unique id of a role: a delete of no
    other, and of none that is out of quarantine. A key that was used after `unused_since` is not deactivated.
    """

    action: str
    name: str = ""
    template: TemplateBody | None = None
    user: UserBody = UserBody()
    token: str = ""
    names: tuple[str, ...] = ()
    quarantined: str = ""
    unused_since: datetime | None = None
    own: OwnBody = OwnBody()
    origin: OriginBody = OriginBody(CallerBody("role", "direct"))

    def existing_role(self) -> str:
        """The name of a role that is there; NotFound for a name that IAM does not allow."""
        if not is_role_name(self.name):
            raise NotFound("There is no role of that name.")
        return self.name

    def existing(self) -> str:
        """The name of something that is there; NotFound for a name that IAM does not allow."""
        if not USER_NAME.fullmatch(self.name):
            raise NotFound("There is no user or role of that name.")
        return self.name

    def wanted(self) -> RoleTemplate:
        """The template of an order that needs one."""
        if self.template is None:
            raise InvalidRequest("This action needs a template.", {"template": "a role template"})
        return self.template.template(self.name)
