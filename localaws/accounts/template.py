"""Deploys a CloudFormation template into a member account, as its administrator would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws import stack

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localaws.accounts.members import Member


def deploy(
    member: Member,
    endpoint_url: str,
    name: str,
    template: Mapping[str, Any],
    parameters: Mapping[str, str],
    *,
    log: Path,
) -> dict[str, str]:
    """Create or update the stack; answer its outputs. Raises StepFailed with the first resource that failed."""
    root = member.root(endpoint_url)
    body = stack.upload(root("s3"), json.dumps(template).encode(), "template", bucket=f"{stack.BUCKET}-{member.alias}")
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    asked = {"TemplateURL": stack.TEMPLATES + body, "Parameters": given}
    return stack.apply(root("cloudformation"), name, asked, log)
