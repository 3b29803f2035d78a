"""Services and clients of the directory, made when first used."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.access.wiring import hasty_principals, rights
from chalicelib.approvals.wiring import request_decisions, requests
from chalicelib.core.wiring import clock, config, new_id, pause, refusals, settle
from chalicelib.sessions.wiring import session_revoker, sessions

if TYPE_CHECKING:
    from chalicelib.directory.aws.suspensions_table import TableCallers, TableSuspensions
    from chalicelib.directory.services.browse_callers import CallerBrowser
    from chalicelib.directory.services.suspend import Suspender
    from chalicelib.directory.services.sync import DirectorySync


@cache
def directory_sync() -> DirectorySync:
    """The service behind the schedule; kept, because it remembers what it wrote."""
    from chalicelib.core.aws.clients import client
    from chalicelib.directory.aws.iam_listing import IamCallers, iam_within_a_run
    from chalicelib.directory.aws.table import TableDirectory
    from chalicelib.directory.services.sync import DirectorySync

    return DirectorySync(
        iam=IamCallers(iam_within_a_run()),
        store=TableDirectory(client("dynamodb"), config().table, pause),
        clock=clock,
        new_id=new_id,
    )


@cache
def suspensions() -> TableSuspensions:
    """Suspension rows."""
    from chalicelib.core.aws.clients import client
    from chalicelib.directory.aws.suspensions_table import TableSuspensions

    return TableSuspensions(client("dynamodb"), config().table)


@cache
def callers() -> TableCallers:
    """The directory, read by name."""
    from chalicelib.core.aws.clients import client
    from chalicelib.directory.aws.suspensions_table import TableCallers

    return TableCallers(client("dynamodb"), config().table)


@cache
def suspender() -> Suspender:
    """The service behind /v1/suspensions."""
    from chalicelib.directory.services.known import KnownInBoth
    from chalicelib.directory.services.suspend import Suspender

    return Suspender(
        rights=rights(),
        suspensions=suspensions(),
        known=KnownInBoth(callers(), hasty_principals()),
        sessions=sessions(),
        ender=session_revoker(),
        requests=requests(),
        canceller=request_decisions(),
        refusals=refusals(),
        clock=clock,
        pause=settle,
        new_id=new_id,
    )


@cache
def caller_browser() -> CallerBrowser:
    """The service behind GET /v1/callers."""
    from chalicelib.directory.services.browse_callers import CallerBrowser

    return CallerBrowser(rights=rights(), directory=callers(), suspensions=suspensions(), refusals=refusals())
