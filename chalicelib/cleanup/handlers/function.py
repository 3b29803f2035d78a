"""The cleanup function, on its schedule; and POST /v1/cleanup, which has it say what it would do."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from chalice.app import Blueprint, CloudWatchEvent, Response

from chalicelib.access.handlers.authentication import authenticate
from chalicelib.cleanup import wiring
from chalicelib.core.domain.errors import BrokerError, Conflict
from chalicelib.core.handlers.edge import ANY_TYPE, SIGNED, answer, answering, body
from chalicelib.core.wiring import meter

if TYPE_CHECKING:
    from chalicelib.cleanup.domain.report import Report

blueprint = Blueprint(__name__)
logger = logging.getLogger("access-broker")


class CleanupBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """POST /v1/cleanup. Cleaning up is for the schedule: over HTTP one may only look."""

    dry_run: Literal[True]


@blueprint.route("/v1/cleanup", methods=["POST"], authorizer=SIGNED, content_types=ANY_TYPE)
@answering(blueprint)
def rehearse() -> Response:
    """Say what a run at this moment would do."""
    request = blueprint.current_request
    who = authenticate(request)
    body(request, CleanupBody)
    return answer(wiring.authorization().rehearse(who))


# The schedule is set by a parameter in .chalice/resources.json.
@blueprint.schedule("rate(1 day)", name="cleanup")
def cleanup(event: CloudWatchEvent) -> dict[str, Any]:
    """Run, or with `dry_run` in the event's detail only look; answers the report."""
    from chalicelib.cleanup.handlers.views import report_document  # noqa: PLC0415  the route answers without it
    from chalicelib.provisioning.handlers.views import error_document  # noqa: PLC0415  the same

    only_look = bool(event.detail.get("dry_run"))
    try:
        report = _looked() if only_look else _ran()
    except BrokerError as error:
        if not only_look and not isinstance(error, Conflict):
            logger.error("clean-up did not run: %s", error.detail)  # noqa: TRY400  the detail says it
            meter().count("CleanupFailures", 1)
        return {"ok": False, "error": error_document(error)}
    return {"ok": True, "result": report_document(report)}


def _looked() -> Report:
    return wiring.cleanup_run().rehearse()


def _ran() -> Report:
    """One run, and what the alarms and the dashboard watch of it."""
    report = wiring.cleanup_run().run()
    counted = meter()
    counted.count("CleanupBudgetExceeded", int(report.spending.exceeded or report.keys.spending.exceeded))
    counted.count("CleanupFailures", len(report.failures))
    counted.count("CleanupCutShort", int(not report.complete))
    counted.count("StaleRoles", sum(found.verdict.stage != "alive" for found in report.sight.found))
    return report
