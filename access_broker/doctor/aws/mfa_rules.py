"""Rules of the package that ask for MFA, and the people of their groups."""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from access_broker.doctor.aws.code import package_file
from access_broker.doctor.aws.people import MOST, users_made, without_device
from access_broker.doctor.aws.refusals import missing
from access_broker.doctor.checks.mfa import IDENTITY_CENTER, MfaRules
from access_broker.doctor.model import NotHere

if TYPE_CHECKING:
    from pathlib import Path

    from access_broker.doctor.aws.deployment import Deployment

RULES = "policies/access/"
TEXT = r"\"(?:[^\"\\]|\\.)*\""
PERMIT = re.compile(rf"((?:@\w+\({TEXT}\)\s*)+)permit\s*\(\s*principal([^,]*),")
COMMENT = re.compile(r"^\s*//.*", re.MULTILINE)
ID, MFA = re.compile(r"@id\(\"([^\"]*)\"\)"), re.compile(r"@mfa\(")
GROUP = re.compile(r"Broker::Group::\"([^\"]+)\"")


def mfa_rules(deployment: Deployment) -> MfaRules:
    """Rules with `@mfa` in the package, and the people of their groups."""
    file = package_file(deployment)
    if not file:
        raise NotHere("no package here: the rules are in it (--package DIR)")
    rules = _rules(file)
    groups = [group for group in rules if not group.startswith(IDENTITY_CENTER)]
    members = {name for group in groups for name in _members(deployment, group)}
    others = members - {one["UserName"] for one in users_made(deployment)}
    stuck = tuple(without_device(deployment, sorted(others)[:MOST]))
    return MfaRules(rules, len(members), stuck)


def _rules(package: Path) -> dict[str, tuple[str, ...]]:
    """Ids of the rules with `@mfa` by the group that they name."""
    found: dict[str, list[str]] = defaultdict(list)
    with zipfile.ZipFile(package) as archive:
        texts = [archive.read(name).decode() for name in archive.namelist() if name.startswith(RULES)]
    for terms, principal in (rule for text in texts for rule in PERMIT.findall(COMMENT.sub("", text))):
        group, name = GROUP.search(principal), ID.search(terms)
        if MFA.search(terms) and group:
            found[group[1]].append(name[1] if name else "?")
    return {group: tuple(rules) for group, rules in found.items()}


def _members(deployment: Deployment, group: str) -> list[str]:
    try:
        return [one["UserName"] for one in deployment.pages("iam", "get_group", "Users", GroupName=group)]
    except ClientError as error:
        if missing(error):
            return []
        raise
