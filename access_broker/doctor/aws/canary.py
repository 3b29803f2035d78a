"""The life of one session of a role without permissions: provisioned, taken, used, revoked, removed."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError

from access_broker.doctor.aws.canary_keys import LOOK_EVERY, client_of, knock, settled
from access_broker.doctor.checks.canary import Canary
from access_broker.doctor.model import CannotLook
from access_broker.failures import Failure, NotFound, Refused

if TYPE_CHECKING:
    from access_broker.doctor.aws.deployment import Deployment

OWN_ROLE = "access-broker-doctor"
REASON = "broker doctor"
TEMPLATE: dict[str, Any] = {
    "name": OWN_ROLE,
    "description": "Without permissions: broker doctor takes it, uses it and takes it back",
    "managed_policies": [],
    "inline_policy": None,
    "max_session_seconds": 3600,
    "tags": {"access-broker:visibility": "audience"},
    "trust": {"through_broker": True},
}
DENIAL_SECONDS = 60.0
EVENT_SECONDS = 60.0
FORBIDDEN = 403


def canary(deployment: Deployment) -> Canary:
    """All of it; the doctor's own role is removed whatever happens."""
    if deployment.canary_role:
        return _lived(deployment, deployment.canary_role)
    try:
        deployment.broker.put("roles", OWN_ROLE, body=TEMPLATE, dry_run="true")
    except Refused as refused:
        raise CannotLook(f"provisioning needs an administrator of the broker: {refused.sentence}") from refused
    deployment.say("Provisioning the canary role")
    try:
        deployment.broker.put("roles", OWN_ROLE, body=TEMPLATE)
    except Failure as failure:
        return Canary(OWN_ROLE, refusal=f"it could not be provisioned: {failure.sentence}")
    try:
        found = _lived(deployment, OWN_ROLE)
    finally:
        left_behind = _remove(deployment)
    return replace(found, left_behind=left_behind)


def _remove(deployment: Deployment) -> str:
    try:
        deployment.broker.delete("roles", OWN_ROLE)
    except NotFound:
        return ""
    except Failure as failure:
        return f"the role {OWN_ROLE} could not be deleted: {failure.sentence}"
    return ""


def _lived(deployment: Deployment, role: str) -> Canary:
    deployment.say("Taking the canary role")
    try:
        given = settled(lambda: deployment.broker.post("credentials", body=_ask(role, duration_seconds=900)))
    except Failure as failure:
        return Canary(role, refusal=failure.sentence)
    keys, session = given["credentials"], _id(given["session"])
    seen = _used(deployment, Canary(role, session=session), keys)
    seen = _console(deployment, seen)
    seen = _revoked(deployment, seen, keys)
    deployment.say("Waiting for the audit log")
    return replace(seen, events=_events(deployment, session))


def _ask(role: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "reason": REASON, **more}


def _id(session: Any) -> str:
    return str(session["id"] if isinstance(session, dict) else session)


def _used(deployment: Deployment, seen: Canary, keys: Any) -> Canary:
    sts, iam = client_of(deployment, "sts", keys), client_of(deployment, "iam", keys)
    try:
        identity = sts.get_caller_identity()["Arn"]
    except (ClientError, BotoCoreError) as error:
        return replace(seen, identity=f"{type(error).__name__}: {error}")
    try:
        iam.list_roles(MaxItems=1)
        permitted = "iam:ListRoles"
    except ClientError:
        permitted = ""
    return replace(seen, identity=identity, permitted=permitted, admitted_status=knock(deployment, keys))


def _console(deployment: Deployment, seen: Canary) -> Canary:
    deployment.say("Making a console link")
    try:
        link = deployment.broker.post("console-links", body=_ask(seen.role))
    except Failure as failure:
        return replace(seen, sign_in_refusal=failure.sentence)
    request = AWSRequest("GET", link["sign_in_url"]).prepare()
    try:
        return replace(seen, sign_in_status=deployment.broker.transport.send(request).status)
    except Failure as failure:
        return replace(seen, sign_in_refusal=failure.sentence)


def _revoked(deployment: Deployment, seen: Canary, keys: Any) -> Canary:
    """Seconds from the answer to the revocation until the gateway denies: sts:GetCallerIdentity cannot be denied."""
    deployment.say("Revoking the canary's session")
    try:
        deployment.broker.delete("sessions", seen.session, reason=REASON)
    except Failure as failure:
        return replace(seen, revoke_refusal=failure.sentence)
    began = time.monotonic()
    while (passed := time.monotonic() - began) < DENIAL_SECONDS:
        if knock(deployment, keys) == FORBIDDEN:
            return replace(seen, denied_after=passed)
        time.sleep(LOOK_EVERY)
    return seen


def _events(deployment: Deployment, session: str) -> frozenset[str]:
    """Types of the session's audit events, once issue and revocation are there or time is up."""
    until = time.monotonic() + EVENT_SECONDS
    while True:
        found = frozenset(one["type"] for one in deployment.broker.items("events", "audit", session=session))
        if {"issue", "revoke"} <= found or time.monotonic() > until:
            return found
        time.sleep(LOOK_EVERY)
