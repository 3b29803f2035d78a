"""The last check of a deployment: every function runs the bytes that were packaged here."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class CodeDiffers(Exception):
    """Functions whose code is not the package."""


def compare(functions: Any, cloudformation: Any, stack: str, package: Path) -> int:
    """The number of functions of the stack, all of which run the package. Raises CodeDiffers."""
    wanted = b64encode(hashlib.sha256(package.read_bytes()).digest()).decode()
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    made = [one for page in pages for one in page["StackResourceSummaries"]]
    names = [one["PhysicalResourceId"] for one in made if one["ResourceType"] == "AWS::Lambda::Function"]
    differing = [name for name in names if _hash(functions, name) != wanted]
    if differing:
        raise CodeDiffers(
            f"other code than {package} runs in {', '.join(differing)}: the package was replaced in the bucket, or a "
            "function was changed. Find out by whom in CloudTrail (PutObject, UpdateFunctionCode), then deploy again"
        )
    return len(names)


def _hash(functions: Any, name: str) -> str:
    return str(functions.get_function_configuration(FunctionName=name)["CodeSha256"])
