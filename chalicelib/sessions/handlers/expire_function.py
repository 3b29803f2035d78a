"""The expire function: every few minutes it records overdue requests and grants, and counts open reviews."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from chalicelib.approvals.wiring import overdue_closer
from chalicelib.core.wiring import meter
from chalicelib.sessions import wiring

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="expire")
def expire(_event: dict[str, Any], _context: object) -> dict[str, int]:
    """Count open break-glass reviews; close unanswered requests and grants that ran out."""
    # Counted first: a later failure must not take the alarm's number away.
    unreviewed = sum(1 for _ in wiring.reviews().waiting())
    meter().count("BreakGlassUnreviewed", unreviewed)
    requests, grants = overdue_closer().run()
    return {"requests": requests, "grants": grants, "unreviewed": unreviewed}
