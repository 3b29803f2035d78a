"""The directory function: once a minute it reads the account's users and roles into the table."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib.core.domain.errors import Conflict
from chalicelib.core.wiring import meter
from chalicelib.directory import wiring

if TYPE_CHECKING:
    from chalice.app import CloudWatchEvent

blueprint = Blueprint(__name__)
logger = logging.getLogger("access-broker")


@blueprint.schedule("rate(1 minute)", name="directory")
def directory(_event: CloudWatchEvent) -> dict[str, Any]:
    """One run; answers what it did. A run that begins while another is under way does nothing."""
    try:
        outcome = wiring.directory_sync().run()
    except Conflict as overtaken:
        return {"ok": False, "why": overtaken.detail}
    if not outcome.complete:
        logger.warning("IAM did not answer; the directory is %s seconds old", outcome.age_seconds)
    if outcome.age_seconds is not None:
        meter().count("DirectoryAgeSeconds", outcome.age_seconds)
    return {"ok": outcome.complete, **asdict(outcome)}
