"""Users that the broker made, the devices that IAM knows, and sign-ins by aws login."""

from __future__ import annotations

import functools
import json
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from access_broker.doctor.aws.roles import DEPLOYMENT_TAG, PATH
from access_broker.doctor.checks.people import Logins, People, SignInUser

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from access_broker.doctor.aws.deployment import Deployment

MOST = 300
"""Users whose devices and keys are asked for one by one."""

SIGN_IN_TAG = {"Key": "access-broker:sign-in", "Value": "only"}
LATELY = timedelta(days=90)
HARDWARE_KEYS = ("u2f/", "fido/", "passkey")
"""Security keys and passkeys: they sign in to the console, but give no code for GetSessionToken."""


@functools.cache
def _details(deployment: Deployment) -> dict[str, list[Any]]:
    """Users, groups and the account's own policies, in bulk."""
    kinds = {"UserDetailList": "User", "GroupDetailList": "Group", "Policies": "LocalManagedPolicy"}
    pages = deployment.client("iam").get_paginator("get_account_authorization_details")
    found: dict[str, list[Any]] = {member: [] for member in kinds}
    for page in pages.paginate(Filter=list(kinds.values())):
        for member in kinds:
            found[member] += page.get(member, [])
    return found


def users_made(deployment: Deployment) -> list[Any]:
    """The users under our path that carry this deployment's tag."""
    tag = {"Key": DEPLOYMENT_TAG, "Value": deployment.name}
    return [one for one in _details(deployment)["UserDetailList"] if one["Path"] == PATH and tag in one.get("Tags", [])]


def people(deployment: Deployment) -> People:
    """Devices of the users that the broker made, and what reaches those who only sign in."""
    made = users_made(deployment)
    names = [one["UserName"] for one in made]
    sign_in = [one for one in made if SIGN_IN_TAG in one.get("Tags", [])]
    return People(
        tuple(without_device(deployment, names[:MOST])),
        looked=len(names[:MOST]),
        total=len(names),
        sign_in={one["UserName"]: _sign_in_user(deployment, one) for one in sign_in[:MOST]},
        unmarked=tuple(_unmarked(deployment)),
    )


def _unmarked(deployment: Deployment) -> Iterator[str]:
    for user in _details(deployment)["UserDetailList"]:
        if user["Path"].startswith(PATH) and DEPLOYMENT_TAG not in {tag["Key"] for tag in user.get("Tags", [])}:
            yield user["UserName"]


def without_device(deployment: Deployment, names: Iterable[str]) -> Iterator[str]:
    """Most devices are virtual, and one listing has them all; only the others' owners are asked one by one."""
    listed = deployment.pages("iam", "list_virtual_mfa_devices", "VirtualMFADevices", AssignmentStatus="Assigned")
    known = {one.get("User", {}).get("UserName") for one in listed}
    for name in names:
        if name not in known and not _has_token(deployment, name):
            yield name


def _has_token(deployment: Deployment, name: str) -> bool:
    devices = deployment.pages("iam", "list_mfa_devices", "MFADevices", UserName=name)
    return any(not any(kind in one["SerialNumber"] for kind in HARDWARE_KEYS) for one in devices)


def _sign_in_user(deployment: Deployment, user: Any) -> SignInUser:
    listed = deployment.pages("iam", "list_access_keys", "AccessKeyMetadata", UserName=user["UserName"])
    return SignInUser(frozenset(_actions(deployment, user)), len(list(listed)))


def _actions(deployment: Deployment, user: Any) -> Iterator[str]:
    """The actions that any policy of the user or of a group allows, in lower case; a policy of AWS by its name."""
    details = _details(deployment)
    groups = [one for one in details["GroupDetailList"] if one["GroupName"] in user.get("GroupList", [])]
    own = {one["Arn"]: one for one in details["Policies"]}
    inline = [*user.get("UserPolicyList", []), *(policy for one in groups for policy in one.get("GroupPolicyList", []))]
    documents = [one["PolicyDocument"] for one in inline]
    for policy in (policy for one in (user, *groups) for policy in one.get("AttachedManagedPolicies", [])):
        if policy["PolicyArn"] not in own:
            yield policy["PolicyName"]
            continue
        versions = own[policy["PolicyArn"]]["PolicyVersionList"]
        documents += [one["Document"] for one in versions if one["IsDefaultVersion"]]
    for document in documents:
        yield from _allowed(document)


def _allowed(document: Any) -> Iterator[str]:
    read = json.loads(unquote(document)) if isinstance(document, str) else document
    statements = read["Statement"] if isinstance(read["Statement"], list) else [read["Statement"]]
    for one in statements:
        if one["Effect"] == "Allow":
            actions = one.get("Action", ["NotAction"])
            yield from (action.lower() for action in ([actions] if isinstance(actions, str) else actions))


def logins(deployment: Deployment) -> Logins:
    """The AWS CLI here, and the tokens of aws login that CloudTrail recorded."""
    users = len([one for one in users_made(deployment) if SIGN_IN_TAG in one.get("Tags", [])])
    if not users:
        return Logins()
    errors = () if deployment.embedded else tuple(_errors(deployment))
    return Logins(users, _aws_version(), deployment.embedded, errors)


def _errors(deployment: Deployment) -> Iterator[str]:
    wanted = [{"AttributeKey": "EventName", "AttributeValue": "CreateOAuth2Token"}]
    began = deployment.now - LATELY
    asked = {"LookupAttributes": wanted, "StartTime": began, "MaxResults": 50}
    for event in deployment.client("cloudtrail").lookup_events(**asked)["Events"]:
        yield json.loads(event["CloudTrailEvent"]).get("errorCode", "")


@functools.cache
def _aws_version() -> str:
    try:
        done = subprocess.run(["aws", "--version"], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout or done.stderr
