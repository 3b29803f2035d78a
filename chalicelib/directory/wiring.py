"""Services and clients of the directory, made when first used."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.core.wiring import clock, config, new_id, pause

if TYPE_CHECKING:
    from chalicelib.directory.services.sync import DirectorySync


@cache
def directory_sync() -> DirectorySync:
    """The service behind the schedule; kept, because it remembers what it wrote."""
    from chalicelib.core.aws.clients import client
    from chalicelib.directory.aws.directory_table import TableDirectory
    from chalicelib.directory.aws.iam_listing import IamCallers, iam_within_a_run
    from chalicelib.directory.services.sync import DirectorySync

    return DirectorySync(
        iam=IamCallers(iam_within_a_run()),
        store=TableDirectory(client("dynamodb"), config().table, pause),
        clock=clock,
        new_id=new_id,
    )
