"""AWS Organizations, read only: accounts, their units and their tags (Organizations API reference)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.accounts.domain.registry import ALIAS_TAG, Listed, Organization
from chalicelib.core.aws.clients import error_code, translated
from chalicelib.core.domain.errors import RefusedByAws

if TYPE_CHECKING:
    from collections.abc import Iterator

ACTIVE = "ACTIVE"


class AwsOrganization:
    """Walks the tree of organizational units. Reading stops nowhere because one call is denied."""

    def __init__(self, client: Any) -> None:
        self._organizations = client

    def read(self) -> Organization:
        """Every account with units and tags, and the calls that were denied."""
        reading = _Reading(self._organizations)
        try:
            found = tuple(reading.accounts())
        except (ClientError, BotoCoreError) as error:
            if not isinstance(translated(error, ""), RefusedByAws):
                return Organization(denied=tuple(reading.denied), answered=False)
            return Organization(denied=(*reading.denied, f"listing the organisation ({error_code(error)})"))
        return Organization(found, tuple(reading.denied))


class _Reading:
    """One walk through the organisation."""

    def __init__(self, client: Any) -> None:
        self._organizations, self.denied = client, dict[str, None]()

    def accounts(self) -> Iterator[Listed]:
        for root in self._all("list_roots", "Roots"):
            yield from self._below(root["Id"], "/")

    def _below(self, parent: str, path: str) -> Iterator[Listed]:
        for account in self._all("list_accounts_for_parent", "Accounts", ParentId=parent):
            yield self._listed(account, path)
        for unit in self._all("list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent):
            yield from self._below(unit["Id"], f"{path.rstrip('/')}/{unit['Name']}")

    def _listed(self, account: dict[str, Any], path: str) -> Listed:
        """`State` replaces `Status`, which AWS retires; both are read."""
        state = account.get("State") or account.get("Status") or ACTIVE
        closed = "" if state == ACTIVE else f"the organisation calls it {state}"
        tags = self._tags(account["Id"])
        return Listed(account["Id"], tags.get(ALIAS_TAG, ""), account.get("Name", ""), path, tags, closed)

    def _tags(self, account: str) -> dict[str, str]:
        try:
            found = self._all("list_tags_for_resource", "Tags", ResourceId=account)
            return {tag["Key"]: tag["Value"] for tag in found}
        except ClientError as error:
            if not isinstance(translated(error, ""), RefusedByAws):
                raise
            self.denied[f"ListTagsForResource ({error_code(error)})"] = None
            return {}

    def _all(self, operation: str, of: str, **asked: str) -> list[dict[str, Any]]:
        pages = self._organizations.get_paginator(operation).paginate(**asked)
        return [one for page in pages for one in page[of]]
