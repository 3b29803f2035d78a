"""The organisation of the embedded AWS: the hub is its management account, each spoke a member in its own OU.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.accounts.domain.registry import ALIAS_TAG
from localaws.accounts.members import Member

if TYPE_CHECKING:
    from collections.abc import Callable

ALIASES = ("dev", "prod")
"""Of the first spokes; the third one is spoke-3, and so on."""
PARENT = "Workloads"
FULL_ACCESS = "p-FullAWSAccess"
"""The service control policy that every account and every unit begins with."""


def alias(number: int) -> str:
    """The alias of a spoke, counted from 1."""
    return ALIASES[number - 1] if number <= len(ALIASES) else f"spoke-{number}"


def identifier(hub: Callable[[Any], Any]) -> str:
    """The id of the organisation, which the embedded AWS makes by itself."""
    return str(hub("organizations").describe_organization()["Organization"]["Id"])


def ensure(hub: Callable[[Any], Any], endpoint_url: str, spokes: int) -> tuple[Member, ...]:
    """Make the member accounts that are missing; answer all `spokes` of them in the order of their aliases."""
    organizations = hub("organizations")
    there = {account["Name"]: account["Id"] for account in _all(organizations, "list_accounts", "Accounts")}
    return tuple(_ensure(organizations, endpoint_url, alias(number), there) for number in range(1, spokes + 1))


def _ensure(organizations: Any, endpoint_url: str, name: str, there: dict[str, str]) -> Member:
    units, tags = (PARENT, name.capitalize()), {"env": name, ALIAS_TAG: name}
    path = "/" + "/".join(units)
    if name in there:
        return Member(there[name], name, path, tags)
    given = [{"Key": key, "Value": value} for key, value in tags.items()]
    made = organizations.create_account(AccountName=name, Email=f"{name}@example.com", Tags=given)
    member = Member(made["CreateAccountStatus"]["AccountId"], name, path, tags)
    [root] = _all(organizations, "list_roots", "Roots")
    unit = root["Id"]
    for one in units:
        unit = _unit(organizations, unit, one)
    organizations.move_account(AccountId=member.id, SourceParentId=root["Id"], DestinationParentId=unit)
    member.root(endpoint_url)("iam").create_account_alias(AccountAlias=name)
    return member


def _unit(organizations: Any, parent: str, name: str) -> str:
    """The id of the unit of this name below the parent; it is made when it is missing."""
    units = _all(organizations, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent)
    found = next((unit["Id"] for unit in units if unit["Name"] == name), None)
    if found:
        return str(found)
    made = str(organizations.create_organizational_unit(ParentId=parent, Name=name)["OrganizationalUnit"]["Id"])
    organizations.attach_policy(PolicyId=FULL_ACCESS, TargetId=made)  # AWS does it, ministack for accounts only
    return made


def _all(organizations: Any, operation: str, of: str, **asked: str) -> list[dict[str, Any]]:
    pages = organizations.get_paginator(operation).paginate(**asked)
    return [one for page in pages for one in page[of]]
