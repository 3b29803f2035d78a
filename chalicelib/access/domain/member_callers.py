"""Callers of member accounts: role sessions alone, named so that they are mistaken for no caller of another account.

The administrators of a member account choose the names and the tags of its
roles, and who may assume them. So a name counts only together with the
account's id, and tags do not count. IAM names hold no colon, so
`ACCOUNT ID:ROLE/SESSION` is no name of the broker's own account.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.access.domain.facts import FROM_THE_BROKER, IDENTITY_CENTER_PATH, PERMISSION_SET, PERSONS
from chalicelib.core.domain.errors import Refused

if TYPE_CHECKING:
    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.roles import Account

JOINED = "joined"


def named(caller: Caller) -> Caller:
    """The session under the name it has here; Refused for IAM users of member accounts, whom no directory has."""
    if caller.kind != "role":
        users = f"IAM users of account {caller.account} cannot call the broker."
        raise Refused(f"{users} Assume a role there, and sign as its session.")
    return replace(caller, name=f"{caller.account}:{caller.name}")


def served(account: Account | None, number: str) -> Account:
    """The account, if its callers are let in; Refused says why not.

    One that is out of reach is shut: its roles could not be looked at.
    """
    if account is None:
        raise Refused(f"Account {number} is not in the broker's registry of accounts. Ask those who run the broker.")
    if account.state != JOINED:
        raise Refused(f"Callers of account {number} are not let in: the registry says {account.state}.")
    return account


def described_member(caller: Caller, account: Account, path: str) -> Caller:
    """The caller with the group that rules name; `path` is the IAM path of the role behind the session.

    The group is the role, as `ACCOUNT ID:ROLE`: all its sessions are in it and
    count as one, since those who assume it choose the session name. So do those
    of a role that was deleted and made again, which has another unique id: the
    account's administrators can do that at any time. Identity Center chooses
    the session name of its own roles, so these sessions count as persons,
    `ACCOUNT ID:sso/PERSON` in the group `ACCOUNT ID:sso/PERMISSION SET`.
    """
    role, _, session = caller.name.partition("/")
    own = role.partition(":")[2]
    if own == PERSONS:
        raise Refused(f"Sessions of a role named {PERSONS} cannot call: they would be named as persons are.")
    known = replace(
        caller,
        unique_id=f"{role}/{caller.unique_id}",
        groups=(role,),
        brokered=path.startswith(FROM_THE_BROKER),
        home=account,
    )
    permission_set = PERMISSION_SET.fullmatch(own)
    if not permission_set or not path.startswith(IDENTITY_CENTER_PATH):
        return known
    return replace(
        known,
        name=f"{account.id}:{PERSONS}/{session}",
        unique_id=f"{PERSONS}/{session}/{account.id}",
        groups=(f"{account.id}:{PERSONS}/{permission_set[1]}",),
    )
