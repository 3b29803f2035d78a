"""The trail function: CloudTrail's AssumeRole events of brokered roles, by EventBridge."""

from __future__ import annotations

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib.audit import wiring
from chalicelib.audit.domain.bypass_detection import assumption

blueprint = Blueprint(__name__)

# The rule's state is set by .chalice/resources.json: AssumeRole counts as a
# read-only management event, which EventBridge leaves out unless told.
PATTERN = {
    "source": ["aws.sts"],
    "detail-type": ["AWS API Call via CloudTrail"],
    "detail": {
        "eventSource": ["sts.amazonaws.com"],
        "eventName": ["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"],
        "requestParameters": {"roleArn": [{"wildcard": "arn:*:role/access-broker/*"}]},
        "errorCode": [{"exists": False}],
    },
}


@blueprint.on_cw_event(PATTERN, name="trail")
def trail(event: CloudWatchEvent) -> dict[str, str]:
    """Judge one event."""
    seen = assumption(event.detail, event.account)
    return {"verdict": wiring.bypass_detector().watch(seen) if seen else "not_ours"}
