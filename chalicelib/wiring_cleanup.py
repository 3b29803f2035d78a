"""Where clean-up meets its clients; part of wiring, in a file of its own for its length."""
# ruff: noqa: PLC0415  imports inside functions, as in wiring: a cold start loads what the request needs

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from chalicelib import wiring

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.config_cleanup import CleanupConfig
    from chalicelib.domain.staleness import Ours
    from chalicelib.services.cleanup import Cleaning
    from chalicelib.services.cleanup_acting import Acting
    from chalicelib.services.cleanup_asking import CleanupAsking
    from chalicelib.services.cleanup_looking import Looking
    from chalicelib.services.cleanup_records import CleanupRecords
    from chalicelib.services.cleanup_tidying import Tidying


@cache
def config() -> CleanupConfig:
    """How far clean-up goes."""
    from chalicelib.config_cleanup import CleanupConfig

    return CleanupConfig.from_env(os.environ)


def clock() -> datetime:
    """Now, as clean-up is to see it."""
    return wiring.clock() + config().ahead


@cache
def ours() -> Ours:
    """What tells our roles from others."""
    from chalicelib.domain.staleness import Ours

    return Ours(wiring.config().deployment, wiring.config().require("boundary_arn"), config().terms)


@cache
def looking() -> Looking:
    """One pass over the account."""
    from chalicelib.aws.account_roles import AccountRoles
    from chalicelib.aws.cleanup_clients import unhurried_iam
    from chalicelib.aws.cleanup_rows import TableMarks
    from chalicelib.aws.cleanup_signs import TableApplied, TableSigns
    from chalicelib.aws.clients import client
    from chalicelib.services.cleanup_looking import Looking

    table = wiring.config().table
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
    from chalicelib.domain.callers import Caller
    from chalicelib.domain.events import Origin
    from chalicelib.services.cleanup_records import CleanupRecords

    account = ours().boundary_arn.split(":")[4]
    cleaner = Caller("role", f"{ours().deployment}-cleanup", "", account, "")
    return CleanupRecords(marks=looking().marks, origin=Origin(cleaner), clock=clock, new_id=wiring.new_id)


@cache
def acting() -> Acting:
    """One role at a time."""
    from chalicelib.aws.cleanup_clients import lambda_for_a_run
    from chalicelib.aws.functions import CHANGING, OrderedFunction
    from chalicelib.services.cleanup_acting import Acting

    provisioner = OrderedFunction(lambda_for_a_run(), wiring.config().require("provision_function"), CHANGING)
    return Acting(looking=looking(), records=records(), provisioner=provisioner)


@cache
def tidying() -> Tidying:
    """What else is past its end."""
    from chalicelib.aws.account_users import ReportedUsers
    from chalicelib.aws.cleanup_clients import lambda_for_a_run, unhurried_iam
    from chalicelib.aws.clients import client
    from chalicelib.aws.lapses import ExpireFunction
    from chalicelib.services.cleanup_tidying import Tidying

    people = ReportedUsers(unhurried_iam(), client("dynamodb"), wiring.config().table, wiring.settle)
    lapses = ExpireFunction(lambda_for_a_run(), wiring.config().require("expire_function"))
    return Tidying(provisioner=acting().provisioner, lapses=lapses, people=people, terms=config().terms)


@cache
def cleaning() -> Cleaning:
    """The service behind the schedule."""
    from chalicelib.aws.clients import client
    from chalicelib.aws.provision_leases import TableLeases
    from chalicelib.services.cleanup import Cleaning, RunLease

    lease = RunLease(store=TableLeases(client("dynamodb"), wiring.config().table), clock=wiring.clock)
    return Cleaning(acting=acting(), tidying=tidying(), lease=lease, budget=config().budget)


@cache
def asking() -> CleanupAsking:
    """The service behind POST /v1/cleanup."""
    from chalicelib.aws.functions import OrderedFunction, lambda_for_a_caller
    from chalicelib.services.cleanup_asking import CleanupAsking

    return CleanupAsking(
        rights=wiring.rights(),
        journal=wiring.journal(),
        function=OrderedFunction(
            lambda_for_a_caller(), wiring.config().require("cleanup_function"), "asking clean-up what it would do"
        ),
        clock=wiring.clock,
        new_id=wiring.new_id,
    )
