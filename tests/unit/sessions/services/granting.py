"""Grants that were asked for and approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.approval_desk import ALICE, EVE, ApprovalDesk

if TYPE_CHECKING:
    from chalicelib.approvals.domain.requests import Request
    from chalicelib.core.domain.callers import Caller


@pytest.fixture
def desk() -> ApprovalDesk:
    return ApprovalDesk()


def granted(desk: ApprovalDesk, who: Caller = ALICE, **more: object) -> Request:
    request = desk.file(who, **more)  # type: ignore[arg-type]
    desk.approve(request)
    return desk.approve(request, EVE) if request.approvals > 1 else desk.requests.rows[request.id]
