"""Every caller that the directory knows, read as far as it is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.access.aws.sights_table import DIRECTORY, facts_from_row
from chalicelib.core.aws.index_queries import newest_first

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.access.domain.facts import Facts


class TableKnownCallers:
    """The directory's rows through the index by-group. A caller made in the last minute may be missing."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._dynamodb, self._table = client, table

    def every(self) -> Iterator[Facts]:
        """Users and roles; AwsUnavailable where the table does not answer."""
        rows = newest_first(self._dynamodb, self._table, "by-group", DIRECTORY)
        return (facts for row in rows if (facts := facts_from_row(row)))
