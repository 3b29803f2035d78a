"""Services and clients of cleanup, made when first used."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

from chalicelib.access.wiring import rights
from chalicelib.core.wiring import clock, config, leases, new_id, refusals, settle

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.cleanup.config import CleanupConfig
    from chalicelib.cleanup.domain.staleness import Ours
    from chalicelib.cleanup.services.act import RoleRetirement
    from chalicelib.cleanup.services.authorization import CleanupAuthorization
    from chalicelib.cleanup.services.keys import KeyRetirement
    from chalicelib.cleanup.services.records import CleanupRecords
    from chalicelib.cleanup.services.run import CleanupRun
    from chalicelib.cleanup.services.scan import AccountScan
    from chalicelib.cleanup.services.tidy import Tidier
    from chalicelib.core.aws.functions import OrderedFunction

LOOKED_AT_ONCE = 8
"""Member accounts whose roles are looked at at the same time."""


@cache
def settings() -> CleanupConfig:
    """Settings of clean-up."""
    from chalicelib.cleanup.config import CleanupConfig

    return CleanupConfig.from_env(os.environ)


def run_clock() -> datetime:
    """The time for clean-up: now, plus the configured offset."""
    return clock() + settings().ahead


@cache
def ours() -> Ours:
    """Marks of this deployment's roles."""
    from chalicelib.cleanup.domain.staleness import Ours

    return Ours(config().deployment, config().require("boundary_arn"), settings().terms)


@cache
def account_scan() -> AccountScan:
    """One pass over all accounts."""
    from concurrent.futures import ThreadPoolExecutor

    from chalicelib.cleanup.aws.account_roles import IamRoleInventory
    from chalicelib.cleanup.aws.clients import unhurried_iam
    from chalicelib.cleanup.aws.member_roles import RolesOfAccounts
    from chalicelib.cleanup.aws.rows import TableMarks
    from chalicelib.cleanup.aws.signs_of_use import TableApplied, TableSigns
    from chalicelib.cleanup.services.scan import AccountScan
    from chalicelib.core.aws.clients import client

    table = config().table
    threads = partial(ThreadPoolExecutor, max_workers=LOOKED_AT_ONCE)
    return AccountScan(
        roles=RolesOfAccounts(IamRoleInventory(unhurried_iam()), provisioner(), threads),
        signs=TableSigns(client("dynamodb"), table),
        marks=TableMarks(client("dynamodb"), table),
        applied=TableApplied(client("dynamodb"), table),
        ours=ours(),
    )


@cache
def records() -> CleanupRecords:
    """Records of clean-up, written under the function's own name."""
    from chalicelib.cleanup.services.records import CleanupRecords
    from chalicelib.core.domain.callers import Caller
    from chalicelib.core.domain.events import Origin

    cleaner = Caller("role", f"{ours().deployment}-cleanup", "", ours().account, "")
    return CleanupRecords(marks=account_scan().marks, origin=Origin(cleaner), clock=run_clock, new_id=new_id)


@cache
def role_retirement() -> RoleRetirement:
    """Acts on one role at a time."""
    from chalicelib.cleanup.services.act import RoleRetirement

    return RoleRetirement(account_scan=account_scan(), records=records(), provisioner=provisioner())


@cache
def provisioner() -> OrderedFunction:
    """The provision function, which alone changes roles and enters member accounts."""
    from chalicelib.cleanup.aws.clients import lambda_for_a_run
    from chalicelib.core.aws.functions import CHANGING, OrderedFunction

    return OrderedFunction(lambda_for_a_run(), config().require("provision_function"), CHANGING)


@cache
def tidier() -> Tidier:
    """Removes other entries whose time is over."""
    from chalicelib.approvals.aws.overdue_function import ExpireFunction
    from chalicelib.cleanup.aws.account_users import ReportedUsers
    from chalicelib.cleanup.aws.clients import lambda_for_a_run, unhurried_iam
    from chalicelib.cleanup.services.tidy import Tidier
    from chalicelib.core.aws.clients import client

    people = ReportedUsers(unhurried_iam(), client("dynamodb"), config().table, settle)
    lapses = ExpireFunction(lambda_for_a_run(), config().require("expire_function"))
    return Tidier(provisioner=role_retirement().provisioner, lapses=lapses, people=people)


@cache
def key_retirement() -> KeyRetirement:
    """Acts on one access key at a time."""
    from chalicelib.cleanup.aws.user_keys import OrderedKeys
    from chalicelib.cleanup.services.keys import KeyRetirement
    from chalicelib.core.aws.clients import client
    from chalicelib.provisioning.aws.key_marks import TableKeyMarks

    return KeyRetirement(
        keys=OrderedKeys(provisioner()),
        marks=TableKeyMarks(client("dynamodb"), config().table),
        records=records(),
        provisioner=provisioner(),
        terms=settings().keys,
    )


@cache
def cleanup_run() -> CleanupRun:
    """The service behind the schedule."""
    from chalicelib.cleanup.services.run import ONE_RUN_AT_A_TIME, CleanupRun

    one_run = replace(leases(), terms=ONE_RUN_AT_A_TIME)
    return CleanupRun(
        role_retirement=role_retirement(),
        key_retirement=key_retirement(),
        tidier=tidier(),
        leases=one_run,
        budget=settings().budget,
    )


@cache
def authorization() -> CleanupAuthorization:
    """The service behind POST /v1/cleanup."""
    from chalicelib.cleanup.services.authorization import CleanupAuthorization
    from chalicelib.core.aws.functions import OrderedFunction, lambda_for_a_caller

    return CleanupAuthorization(
        rights=rights(),
        refusals=refusals(),
        function=OrderedFunction(
            lambda_for_a_caller(), config().require("cleanup_function"), "asking clean-up what it would do"
        ),
        clock=clock,
        new_id=new_id,
    )
