"""The terms as events tell them."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.access.domain.admission import told_terms
from chalicelib.access.domain.rules import Door
from chalicelib.access.domain.terms import Terms


def test_durations_are_told_in_seconds_and_terms_that_do_not_apply_are_left_out() -> None:
    terms = Terms(approvals=1, max_duration=timedelta(hours=1), grant=timedelta(hours=8))
    told = {"policy": "p", "approvals": 1, "reason": False, "max_duration": 3600, "grant": 28800}
    assert told_terms(Door("p", terms)) == told
    assert told_terms(Door("p", Terms(mfa=True))) == {"policy": "p", "approvals": 0, "reason": False, "mfa": True}
