"""The expire function: every few minutes, what is over by now is written down, and what waits for a review counted."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from chalicelib import wiring, wiring_approvals

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="expire")
def expire(_event: dict[str, Any], _context: object) -> dict[str, int]:
    """Broken glass that nobody reviewed, requests that nobody answered, grants that ran out."""
    # Counted first: whatever fails after it, the alarm keeps its number.
    unreviewed = wiring_approvals.reviews().unreviewed()
    wiring.meter().count("BreakGlassUnreviewed", unreviewed)
    requests, grants = wiring_approvals.lapsing().run()
    return {"requests": requests, "grants": grants, "unreviewed": unreviewed}
