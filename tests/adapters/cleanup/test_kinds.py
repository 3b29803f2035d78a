"""Every kind of role on moto, where RoleLastUsed is filled: the right stage and the right reason for each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.provisioning.domain.role_state import QUARANTINE_POLICY
from tests.adapters.cleanup.account import DOCUMENT, OURS, cleanup_account, today

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tests.adapters.cleanup.account import CleanupAccount

__all__ = ["cleanup_account"]

LONG = 100
"""Days from making a role to looking at it, where the kind does not say otherwise."""


def made(**words: Any) -> Callable[[CleanupAccount], object]:
    return lambda account: account.make("tool", **words)


def tagged(**tags: str) -> Callable[[CleanupAccount], object]:
    return made(tags={**OURS, **{f"access-broker:{key.replace('_', '-')}": value for key, value in tags.items()}})


def then(*steps: Callable[[CleanupAccount], object]) -> Callable[[CleanupAccount], object]:
    """A role of ours, and what happens to it."""

    def do(account: CleanupAccount) -> None:
        account.make("tool")
        for step in steps:
            step(account)

    return do


def service_linked(account: CleanupAccount) -> None:
    account.iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com")


def in_profile(account: CleanupAccount) -> None:
    account.iam.create_instance_profile(InstanceProfileName="web")
    account.iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="tool")


def quarantined(account: CleanupAccount) -> None:
    account.iam.put_role_policy(
        RoleName="tool", PolicyName=QUARANTINE_POLICY, PolicyDocument=str(DOCUMENT).replace("'", '"')
    )


def ahead(days: float = 0, /, **less: float) -> datetime:
    """That time from today, `less` before it."""
    return today() + timedelta(days=days) - timedelta(**less)


KINDS: dict[str, tuple[Callable[[CleanupAccount], object], float, str]] = {
    "service-linked": (service_linked, LONG, "others"),
    "reserved": (made(path="/aws-reserved/sso.amazonaws.com/"), LONG, "others"),
    "another path with our tag": (made(path="/"), LONG, "others"),
    "ours by path without the tag": (made(tags={}), LONG, "others"),
    "of another deployment": (made(tags={**OURS, "access-broker:deployment": "other"}), LONG, "others"),
    "young": (made(), 29, "young"),
    "never used, not for long yet": (made(), 89, "used"),
    "never used": (made(), 90, "stale"),
    "used": (then(lambda account: account.use("tool")), 89.9, "used"),
    "used long ago": (then(lambda account: account.use("tool")), 90.1, "stale"),
    "kept": (tagged(keep="audit 2026"), LONG, "kept"),
    "its own longer threshold": (tagged(stale_after="200d"), LONG, "used"),
    "its own shorter threshold": (tagged(stale_after="10d"), 31, "stale"),
    "its own unreadable threshold": (tagged(stale_after="a while"), LONG, "unreadable_tags"),
    "boundary missing": (made(boundary=""), LONG, "unbounded"),
    "another boundary": (made(boundary="arn:aws:iam::aws:policy/ReadOnlyAccess"), LONG, "unbounded"),
    "in an instance profile": (then(in_profile), LONG, "in_instance_profile"),
    "quarantined by somebody else": (then(quarantined), LONG, "quarantined_by_others"),
    "active session": (then(lambda account: account.session("tool", ahead(LONG, minutes=5))), LONG, "active_session"),
    "an older session still active, a newer one not": (
        then(
            lambda account: account.session("tool", ahead(LONG, minutes=50)),
            lambda account: account.session("tool", ahead(LONG, minutes=20), seconds=900),
        ),
        LONG,
        "active_session",
    ),
    "session a week ago": (then(lambda account: account.session("tool", ahead(LONG, days=7))), LONG, "used"),
    "failed session a week ago": (
        then(lambda account: account.session("tool", ahead(LONG, days=7), failed=True)), LONG, "used",
    ),
    "refused a week ago, as quarantined": (
        then(lambda account: account.missed("tool", ahead(LONG, days=7))), LONG, "used",
    ),
    "session long ago": (then(lambda account: account.session("tool", ahead())), LONG, "stale"),
    "session of another role": (then(lambda account: account.session("other", ahead(LONG))), LONG, "stale"),
    "active grant": (
        then(lambda account: account.grant("tool", ahead(LONG, days=9), ahead(LONG + 1))), LONG, "active_grant",
    ),
    "grant that begins later": (
        then(lambda account: account.grant("tool", ahead(LONG + 3), ahead(LONG + 4))), LONG, "active_grant",
    ),
    "grant that is over": (
        then(lambda account: account.grant("tool", ahead(LONG, days=9), ahead(LONG, days=8))), LONG, "stale",
    ),
    "grant given back": (
        then(lambda account: account.grant("tool", ahead(LONG, days=9), ahead(LONG + 1), ahead(LONG, days=8))),
        LONG,
        "stale",
    ),
    "pending request": (
        then(lambda account: account.request("tool", ahead(LONG, hours=2), ahead(LONG + 1))), LONG, "pending_request",
    ),
    "request that nobody answered": (
        then(lambda account: account.request("tool", ahead(LONG, days=3), ahead(LONG, days=2))), LONG, "used",
    ),
    "request long ago": (then(lambda account: account.request("tool", ahead(), ahead(1))), LONG, "stale"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_role_gets_its_reason(cleanup_account: CleanupAccount, kind: str) -> None:
    prepare, days, code = KINDS[kind]
    prepare(cleanup_account)
    cleanup_account.clock(days)
    report = cleanup_account.run(dry_run=True)["result"]
    if code == "stale":
        (role,) = report["roles"]
        assert (role["name"], role["code"], role["change"]) == ("tool", "stale", "reported")
    elif code == "others":
        assert (report["roles"], report["alive"]) == ([], {})
    else:
        assert (report["roles"], report["alive"]) == ([], {code: 1})
    assert report["others"] == (2 if code == "others" else 1)


def test_an_account_without_roles_of_ours_has_nothing_to_report(cleanup_account: CleanupAccount) -> None:
    cleanup_account.clock(LONG)
    report = cleanup_account.run()["result"]
    assert (report["roles"], report["alive"], report["complete"]) == ([], {}, True)
