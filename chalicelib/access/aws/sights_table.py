"""The table, read about one caller: directory, suspensions and the role asked for, as they are at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.access.aws.catalogue import ACCOUNTS, role_from_row
from chalicelib.access.aws.catalogue import PARTITION as ROLES
from chalicelib.access.domain.facts import Facts, Marker, Sight, Suspension, iam_id, subjects
from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import translated
from chalicelib.core.domain.conditional_writes import write_conditionally
from chalicelib.core.domain.errors import AwsUnavailable, Contended
from chalicelib.core.domain.roles import ROLE_NAME, split_role_name
from chalicelib.core.domain.times import from_rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.access.aws.member_roles import TableMembers
    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.roles import Account, Role
    from chalicelib.core.domain.times import Clock

DIRECTORY = "DIRECTORY"
MARKER = "MARKER"
SUSPENSIONS = "SUSPENSION"
MAX_TRIES = 6
"""Reads against transactions that write the same rows; with the pauses of wiring under 1 s in all."""


class TableSights:
    """TransactGetItems (DynamoDB API reference): no row is older than another, so no fact is older than the marker."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        clock: Clock,
        pause: Callable[[int], None],
        members: Callable[[], TableMembers] | None = None,
    ) -> None:
        self._dynamodb, self._table, self._clock, self._pause = client, table, clock, pause
        self._members = members

    def look(self, caller: Caller, role: str, *, account: str = "") -> Sight:
        """Facts, marker, suspensions and role; a name that IAM gives to no role is not looked for.

        `account` is that of a caller of a member account: it is read along.
        """
        against = subjects(caller)
        keys = [(DIRECTORY, caller_key(iam_id(caller))), (DIRECTORY, MARKER), *((SUSPENSIONS, one) for one in against)]
        asked = [(ROLES, role)] if ROLE_NAME.fullmatch(role) else self._elsewhere(role)
        homes = [(ACCOUNTS, account)] if account else []
        read_at = self._clock()
        found = self._read(list(dict.fromkeys([*keys, *asked, *homes])))
        suspended = [found[SUSPENSIONS, one] for one in against]
        held = [found[one] for one in asked]
        return Sight(
            read_at=read_at,
            facts=facts_from_row(found[keys[0]]),
            marker=marker_from_row(found[keys[1]]),
            suspensions=tuple(suspension_from_row(row) for row in suspended if row),
            role=self._role(held),
            account=self._account(found[homes[0]]) if homes else None,
        )

    def _elsewhere(self, role: str) -> list[tuple[str, str]]:
        """The keys of a role of a member account and of that account; none where the name says no account."""
        known = self._members().canonical(role) if self._members and ":" in role else ""
        account, _ = split_role_name(known)
        return [(ROLES, known), *([(ACCOUNTS, account)] if account else [])] if known else []

    def _role(self, held: list[dict[str, Any] | None]) -> Role | None:
        """The role in the rows of `_elsewhere`, or in its row alone."""
        row, *of_account = held or [None]
        if row is None:
            return None
        return self._members().role(row, *of_account) if self._members and of_account else role_from_row(row)

    def _account(self, row: dict[str, Any] | None) -> Account | None:
        return self._members().account_in(row) if self._members and row else None

    def _read(self, keys: list[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any] | None]:
        answer: dict[str, Any] = {}

        def read() -> None:
            answer.update(self._transaction(keys))

        exhausted = AwsUnavailable("Too many write what was to be read. Try again in a moment.")
        write_conditionally(
            lambda: (None, read), pause=self._pause, tries=MAX_TRIES, exhausted=exhausted, again=(Contended,)
        )
        items = [one.get("Item") for one in answer["Responses"]]
        return {key: rows.from_item(item) if item else None for key, item in zip(keys, items, strict=True)}

    def _transaction(self, keys: list[tuple[str, str]]) -> Mapping[str, Any]:
        try:
            return self._dynamodb.transact_get_items(
                TransactItems=[{"Get": {"TableName": self._table, "Key": rows.key(*key)}} for key in keys]
            )
        except (ClientError, BotoCoreError) as error:
            if "TransactionConflict" in rows.cancellation_reasons(error):
                raise Contended("The rows are being written.") from error
            raise translated(error, "reading the table") from error


def caller_key(unique_id: str) -> str:
    """The sort key of a user or role in the directory."""
    return f"CALLER#{unique_id}"


def facts_to_row(facts: Facts) -> dict[str, Any]:
    """A directory row: found by unique id, and through the indexes by name."""
    return {
        "pk": DIRECTORY,
        "sk": caller_key(facts.unique_id),
        "kind": facts.kind,
        "name": facts.name,
        "arn": facts.arn,
        "groups": list(facts.groups),
        "tags": dict(facts.tags),
        "caller_key": f"{DIRECTORY}#{facts.name}",
        "group_key": DIRECTORY,
        "id": facts.name,
    }


def facts_from_row(row: Mapping[str, Any] | None) -> Facts | None:
    """The facts in a directory row."""
    if row is None:
        return None
    unique_id = row["sk"].partition("#")[2]
    return Facts(unique_id, row["kind"], row["name"], row["arn"], tuple(row["groups"]), row["tags"])


def marker_from_row(row: Mapping[str, Any] | None) -> Marker:
    """The marker; without a row nothing was ever read."""
    told = {name: from_rfc3339(row[name]) for name in ("seen_at", "failed_at") if name in row} if row else {}
    return Marker(**told)


def suspension_from_row(row: Mapping[str, Any]) -> Suspension:
    """The suspension in a row."""
    return Suspension(row["id"], row["sk"], row["caller"], row["reason"], row["by"], from_rfc3339(row["at"]))
