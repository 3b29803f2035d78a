"""Authorization of provisioning: the access rules decide in the API, then the provision function acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.access.domain.admission import admit
from chalicelib.access.domain.rules import Ask
from chalicelib.core.domain.errors import NoSuchRole, NotFound, Refused
from chalicelib.core.domain.roles import ROLE_PATH, WHOLE_BROKER, Role, split_role_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from chalicelib.access.domain.rules import AccessRules
    from chalicelib.access.services.catalogue import Catalogue
    from chalicelib.core.domain.errors import BrokerError
    from chalicelib.core.domain.events import Origin
    from chalicelib.core.domain.roles import Account
    from chalicelib.core.domain.times import Clock
    from chalicelib.core.services.provisioner import Provisioner
    from chalicelib.core.services.refusals import RefusalRecorder

    class Members(Protocol):
        """Member accounts."""

        def canonical(self, name: str) -> str:
            """A role's one name, or "" where no account is called so."""
            ...

        def account(self, number: str) -> Account | None:
            """The account of that id, or None."""
            ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisioningAuthorization:
    """Cedar's `Provision`, asked in one place. `catalogue` is read anew: a stale tag must not decide.

    `members` is made where an order is about a role of a member account. `home` is the broker's own account.
    """

    home: str
    rules: AccessRules
    catalogue: Catalogue
    members: Callable[[], Members]
    refusals: RefusalRecorder
    provisioner: Provisioner
    clock: Clock

    def about_user(self, order: Mapping[str, Any], origin: Origin) -> dict[str, Any]:
        """Carry out an order about a user: a matter of the whole broker."""
        return self._carry_out(order, (WHOLE_BROKER,), origin)

    def delete_user(self, name: str, origin: Origin) -> dict[str, Any]:
        """Delete a user; `roles` of the answer are those that the caller may see and that trust the user by name."""
        order = {"action": "delete_user", "name": name}
        self._demand(order, (WHOLE_BROKER,), origin)
        # Read before: a failure must not hide that the user is gone.
        roles = [role.name for role in self.catalogue.after("") if role.names(name) and self._sees(role, origin)]
        return {**self._ordered(order, origin), "roles": roles}

    def about_oneself(self, order: Mapping[str, Any], origin: Origin) -> dict[str, Any]:
        """Carry out an order about the caller's own user: no rule decides, and the order can name no other."""
        if origin.caller.kind != "user":
            turned_away = Refused("Only IAM users have keys and devices of their own; a role session has none.")
            raise self.refusals.record(turned_away, origin, subject={"action": order["action"]})
        return self._ordered(order, origin)

    def about_role(self, order: Mapping[str, Any], origin: Origin, tags: Mapping[str, str] | None) -> dict[str, Any]:
        """Carry out an order about a role.

        The caller must be allowed to provision the role as it is and, where
        a template is applied, as its `tags` would make it: that first, so that
        a refusal does not tell whether there is such a role. One that is not
        there and gets no tags is a matter of the whole broker, and so is an
        account that is not registered. Where the caller does not see the role,
        a refusal tells nothing of its account: neither that there is one nor its id.
        """
        name, home = self._place(str(order["name"]))
        if not name:
            self._demand(order, (WHOLE_BROKER,), origin, told=NoSuchRole())
            raise NotFound(f"There is no account {split_role_name(str(order['name']))[0]}: see broker accounts")
        found = self.catalogue.get(name)
        wanted = None if tags is None else Role(name, self._arn(name, origin), tags=tags, home=home)
        about = tuple(role for role in (wanted, found) if role) or (WHOLE_BROKER,)
        order = {**order, "name": name}
        unseen = about == (WHOLE_BROKER,) or (home and not (found and self._sees(found, origin)))
        self._demand(order, about, origin, told=NoSuchRole() if unseen else None)
        return self._ordered(order, origin)

    def _arn(self, name: str, origin: Origin) -> str:
        """The ARN a role would have: in the caller's partition, which is ours, and in our or a member account."""
        partition = origin.caller.arn.split(":")[1]
        account, own = split_role_name(name)
        return f"arn:{partition}:iam::{account or self.home}:role{ROLE_PATH}{own}"

    def _place(self, name: str) -> tuple[str, Account | None]:
        """The role's one name and the member account it is in; no name for an account that is not registered."""
        if not split_role_name(name)[0]:
            return name, None
        members = self.members()
        known = members.canonical(name)
        account, _ = split_role_name(known)
        home = members.account(account) if account else None
        return ("" if account and home is None else known), home

    def _carry_out(self, order: Mapping[str, Any], about: tuple[Role, ...], origin: Origin) -> dict[str, Any]:
        self._demand(order, about, origin)
        return self._ordered(order, origin)

    def _ordered(self, order: Mapping[str, Any], origin: Origin) -> dict[str, Any]:
        return self.provisioner.order({**order, "origin": _origin_document(origin)})

    def _sees(self, role: Role, origin: Origin) -> bool:
        ask = Ask("SeeRole", origin.caller, role, self.clock(), origin.source_ip)
        return bool(self.rules.evaluate(ask).doors)

    def _demand(
        self, order: Mapping[str, Any], about: tuple[Role, ...], origin: Origin, *, told: NotFound | None = None
    ) -> None:
        """Refused or NotFound, once it is on record, unless the rules let the caller provision all of these.

        `told` is the answer in the place of the refusal.
        """
        for role in about:
            ask = Ask.of("Provision", origin, role, self.clock())
            try:
                admit(self.rules, ask)
            except (Refused, NotFound) as refusal:
                raise self._refused(told or refusal, order, origin) from None

    def _refused(self, refusal: BrokerError, order: Mapping[str, Any], origin: Origin) -> BrokerError:
        """Record the refusal, then return it."""
        name = str(order["name"])
        role = name if str(order["action"]).endswith("_role") else ""
        return self.refusals.record(refusal, origin, role=role, subject={"action": order["action"], "name": name})


def _origin_document(origin: Origin) -> dict[str, Any]:
    """The origin as the provision function reads it (provisioning/handlers/bodies.py)."""
    caller = origin.caller
    return {
        "caller": {
            "kind": caller.kind,
            "name": caller.name,
            "arn": caller.arn,
            "account": caller.account,
            "unique_id": caller.unique_id,
        },
        "request_id": origin.request_id,
        "source_ip": origin.source_ip,
        "policy_set": origin.policy_set,
        "mfa": origin.mfa,
    }
