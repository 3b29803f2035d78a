"""The expire function: every few minutes, what is over by now is written down, and what waits for a review counted."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from chalicelib.approvals.wiring import overdue_closer
from chalicelib.core.wiring import meter
from chalicelib.sessions import wiring

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="expire")
def expire(_event: dict[str, Any], _context: object) -> dict[str, int]:
    """Broken glass that nobody reviewed, requests that nobody answered, grants that ran out."""
    # Counted first: whatever fails after it, the alarm keeps its number.
    unreviewed = wiring.reviews().unreviewed()
    meter().count("BreakGlassUnreviewed", unreviewed)
    requests, grants = overdue_closer().run()
    return {"requests": requests, "grants": grants, "unreviewed": unreviewed}
