"""The accounts that templates name: ids, aliases, organizational units, tags, or all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from access_broker.failures import Misused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from access_broker.connection import Connection
    from access_broker.failures import Failure
    from access_broker.roles.templates import Template

HOME = "home"
JOINED = "joined"
EVERY = "*"


def targets(connection: Connection, templates: Iterable[Template]) -> tuple[list[Template], dict[str, Failure]]:
    """A template for each account that one names, and what is wrong with accounts that are not served.

    `*`, units and tags mean accounts that have joined; an account that is named
    by id or alias has to be there. Misused for a name that stands for no account.
    """
    wanted: list[Template] = []
    failed: dict[str, Failure] = {}
    known: list[dict[str, Any]] | None = None
    for template in templates:
        if not template.accounts:
            wanted.append(template)
            continue
        known = list(connection.broker.items("accounts", "accounts")) if known is None else known
        for account in _chosen(template, known):
            one = _in_account(template, account)
            if account["state"] in {HOME, JOINED}:
                wanted.append(one)
            else:
                failed[one.name] = Unavailable(f"Account {account['id']} is {account['state']}: {account['reason']}.")
    return wanted, failed


def _in_account(template: Template, account: dict[str, Any]) -> Template:
    name = template.name if account["state"] == HOME else f"{account['id']}:{template.name}"
    return replace(template, document={**template.document, "name": name})


def _chosen(template: Template, known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each account once, in the order of the ids."""
    chosen: dict[str, dict[str, Any]] = {}
    for selector in template.accounts:
        found = [account for account in known if _matches(selector, account)]
        if not found and selector != EVERY:
            raise Misused(f"{template.place('accounts')}: {selector} stands for no account: see broker accounts.")
        chosen |= {account["id"]: account for account in found}
    return [chosen[number] for number in sorted(chosen)]


def _matches(selector: str, account: dict[str, Any]) -> bool:
    if account["state"] == HOME:
        return selector in {HOME, account["id"]}
    if selector in {account["id"], account["alias"]}:
        return bool(selector)
    if account["state"] != JOINED:
        return False
    if selector.startswith("ou:"):
        path = selector.removeprefix("ou:").rstrip("/")
        return f"{account['ou_path'].rstrip('/')}/".startswith(f"{path}/")
    if selector.startswith("tag:"):
        key, _, value = selector.removeprefix("tag:").partition("=")
        return bool(account["tags"].get(key) == value)
    return selector == EVERY
