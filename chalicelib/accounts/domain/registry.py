"""The accounts of the organisation and of the file, put together."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chalicelib.core.domain.roles import ACCOUNT_ALIAS, ACCOUNT_ID, Account

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ALIAS_TAG = "access-broker:alias"
"""A tag of the account in the organisation; only the management account can set it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An account as a file or the organisation lists it. `closed` says why it is not to be served."""

    id: str
    alias: str = ""
    name: str = ""
    ou_path: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    closed: str = ""


@dataclass(frozen=True, slots=True)
class Organization:
    """One reading of AWS Organizations. `denied` are the calls that it did not allow.

    `answered` is False where AWS did not answer: then nothing follows from an account that is not there.
    """

    accounts: tuple[Listed, ...] = ()
    denied: tuple[str, ...] = ()
    answered: bool = True


def accounts_file(text: str) -> tuple[Listed, ...]:
    """The accounts of policies/accounts.json; ValueError says what does not fit."""
    found = []
    for number, given in json.loads(text)["accounts"].items():
        listed = Listed(number, **given)
        if not ACCOUNT_ID.fullmatch(number) or (listed.alias and not ACCOUNT_ALIAS.fullmatch(listed.alias)):
            raise ValueError(f"policies/accounts.json: {number} needs twelve digits and a lower-case alias")
        found.append(listed)
    return tuple(found)


def put_together(
    filed: Iterable[Listed], organization: Organization, known: Mapping[str, Account]
) -> dict[str, Listed]:
    """Every account to serve, by id.

    The file decides about aliases, the organisation about units and tags that
    both name. Where AWS did not answer, accounts stay as they were known.
    """
    listed = {one.id: one for one in organization.accounts}
    if not organization.answered:
        listed = {one.id: _as_known(one) for one in known.values()}
    for one in filed:
        there = listed.get(one.id, one)
        listed[one.id] = replace(
            there,
            alias=one.alias or there.alias,
            name=there.name or one.name,
            ou_path=there.ou_path or one.ou_path,
            tags={**one.tags, **there.tags},
        )
    return _with_distinct_aliases(listed, {one.id for one in filed if one.alias})


def _as_known(account: Account) -> Listed:
    closed = account.reason if account.state == "left" else ""
    return Listed(account.id, account.alias, account.name, account.ou_path, account.tags, closed)


def _with_distinct_aliases(listed: Mapping[str, Listed], filed: set[str]) -> dict[str, Listed]:
    """An alias is one account's: the file's, else the lowest id's. It must never stand for two."""
    taken: dict[str, str] = {}
    for number in sorted(listed, key=lambda one: (one not in filed, one)):
        alias = listed[number].alias
        if ACCOUNT_ALIAS.fullmatch(alias):
            taken.setdefault(alias, number)
    return {
        number: one if taken.get(one.alias) == number else replace(one, alias="")
        for number, one in sorted(listed.items())
    }
