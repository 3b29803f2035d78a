"""The service control policies that bind an account: those of the root, of its units and its own.

Organizations user guide, "SCP evaluation". They do not bind the management account.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws.clients import error_code

if TYPE_CHECKING:
    from collections.abc import Iterator

TYPE = "SERVICE_CONTROL_POLICY"
DENIED = frozenset({"AccessDenied", "AccessDeniedException"})


class AwsControlPolicies:
    """Reads AWS Organizations, which only its management account and delegated administrators may do."""

    def __init__(self, client: Any) -> None:
        self._organizations = client

    def of(self, account: str) -> dict[str, Any]:
        """`levels` from the account to the root, each with its policies; or `exempt`; or `unread`, the reason."""
        try:
            return self._read(account)
        except ClientError as error:
            call = f"organizations:{error.operation_name}"
            code = error_code(error)
            return {"unread": f"not allowed to read: {call}" if code in DENIED else f"{call} failed ({code})"}
        except BotoCoreError as error:
            return {"unread": f"AWS Organizations did not answer ({error_code(error)})"}

    def _read(self, account: str) -> dict[str, Any]:
        if self._organizations.describe_organization()["Organization"]["MasterAccountId"] == account:
            return {"exempt": True}
        contents: dict[str, dict[str, Any]] = {}
        return {"levels": [self._level(target, contents) for target in self._upwards(account)]}

    def _upwards(self, target: str) -> Iterator[str]:
        """The account, the units it is in, the root: each but the root has one parent."""
        yield target
        while not target.startswith("r-"):
            [parent] = self._organizations.list_parents(ChildId=target)["Parents"]
            target = parent["Id"]
            yield target

    def _level(self, target: str, contents: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """The policies of one target by name. `contents` has the documents that were read before, by id."""
        pages = self._organizations.get_paginator("list_policies_for_target").paginate(TargetId=target, Filter=TYPE)
        attached = [policy for page in pages for policy in page["Policies"]]
        for policy in attached:
            if policy["Id"] not in contents:
                described = self._organizations.describe_policy(PolicyId=policy["Id"])["Policy"]
                contents[policy["Id"]] = json.loads(described["Content"])
        return {"target": target, "policies": {policy["Name"]: contents[policy["Id"]] for policy in attached}}
