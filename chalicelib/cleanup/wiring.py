"""Services and clients of cleanup, made when first used."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.access.wiring import rights
from chalicelib.core.wiring import clock, config, journal, new_id, settle

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.cleanup.config import CleanupConfig
    from chalicelib.cleanup.domain.staleness import Ours
    from chalicelib.cleanup.services.act import Acting
    from chalicelib.cleanup.services.authorization import CleanupAsking
    from chalicelib.cleanup.services.records import CleanupRecords
    from chalicelib.cleanup.services.run import Cleaning
    from chalicelib.cleanup.services.scan import Looking
    from chalicelib.cleanup.services.tidy import Tidying


@cache
def settings() -> CleanupConfig:
    """How far clean-up goes."""
    from chalicelib.cleanup.config import CleanupConfig

    return CleanupConfig.from_env(os.environ)


def run_clock() -> datetime:
    """Now, as clean-up is to see it."""
    return clock() + settings().ahead


@cache
def ours() -> Ours:
    """What tells our roles from others."""
    from chalicelib.cleanup.domain.staleness import Ours

    return Ours(config().deployment, config().require("boundary_arn"), settings().terms)


@cache
def looking() -> Looking:
    """One pass over the account."""
    from chalicelib.cleanup.aws.account_roles import AccountRoles
    from chalicelib.cleanup.aws.clients import unhurried_iam
    from chalicelib.cleanup.aws.rows import TableMarks
    from chalicelib.cleanup.aws.signs_of_use import TableApplied, TableSigns
    from chalicelib.cleanup.services.scan import Looking
    from chalicelib.core.aws.clients import client

    table = config().table
    account = ours().boundary_arn.split(":")[4]
    return Looking(
        roles=AccountRoles(unhurried_iam()),
        signs=TableSigns(client("dynamodb"), table),
        marks=TableMarks(client("dynamodb"), table),
        applied=TableApplied(client("dynamodb"), table, account),
        ours=ours(),
    )


@cache
def records() -> CleanupRecords:
    """What clean-up leaves on record, under the function's own name."""
    from chalicelib.cleanup.services.records import CleanupRecords
    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.events import Origin

    account = ours().boundary_arn.split(":")[4]
    cleaner = Caller("role", f"{ours().deployment}-cleanup", "", account, "")
    return CleanupRecords(marks=looking().marks, origin=Origin(cleaner), clock=run_clock, new_id=new_id)


@cache
def acting() -> Acting:
    """One role at a time."""
    from chalicelib.cleanup.aws.clients import lambda_for_a_run
    from chalicelib.cleanup.services.act import Acting
    from chalicelib.core.aws.functions import CHANGING, OrderedFunction

    provisioner = OrderedFunction(lambda_for_a_run(), config().require("provision_function"), CHANGING)
    return Acting(looking=looking(), records=records(), provisioner=provisioner)


@cache
def tidying() -> Tidying:
    """What else is past its end."""
    from chalicelib.approvals.aws.overdue_function import ExpireFunction
    from chalicelib.cleanup.aws.account_users import ReportedUsers
    from chalicelib.cleanup.aws.clients import lambda_for_a_run, unhurried_iam
    from chalicelib.cleanup.services.tidy import Tidying
    from chalicelib.core.aws.clients import client

    people = ReportedUsers(unhurried_iam(), client("dynamodb"), config().table, settle)
    lapses = ExpireFunction(lambda_for_a_run(), config().require("expire_function"))
    return Tidying(provisioner=acting().provisioner, lapses=lapses, people=people, terms=settings().terms)


@cache
def cleaning() -> Cleaning:
    """The service behind the schedule."""
    from chalicelib.cleanup.services.run import Cleaning, RunLease
    from chalicelib.core.aws.clients import client
    from chalicelib.core.aws.leases import TableLeases

    lease = RunLease(store=TableLeases(client("dynamodb"), config().table), clock=clock)
    return Cleaning(acting=acting(), tidying=tidying(), lease=lease, budget=settings().budget)


@cache
def authorization() -> CleanupAsking:
    """The service behind POST /v1/cleanup."""
    from chalicelib.cleanup.services.authorization import CleanupAsking
    from chalicelib.core.aws.functions import OrderedFunction, lambda_for_a_caller

    return CleanupAsking(
        rights=rights(),
        journal=journal(),
        function=OrderedFunction(
            lambda_for_a_caller(), config().require("cleanup_function"), "asking clean-up what it would do"
        ),
        clock=clock,
        new_id=new_id,
    )
