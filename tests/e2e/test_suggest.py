"""A narrower role from what its sessions did: exactly that still works, judged on AWS and by another program."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.e2e.auditing import take
from tests.e2e.cli_person import at_a_terminal
from tests.evaluator import Asked, evaluate

if TYPE_CHECKING:
    from localaws.broker import Broker

CHECKOUT = Path(__file__).parents[2]
USED = {"ec2:DescribeInstances", "ec2:DescribeVpcs", "ec2:DescribeSecurityGroups", "ec2:CreateKeyPair"}
TEMPLATE = """name: wide
description: Everything in EC2
managed_policies: [AmazonEC2FullAccess]
tags:
  access-broker:audience: engineers
trust:
  through_broker: true
"""


def test_a_suggestion_allows_exactly_what_was_used(broker: Broker, tmp_path: Path) -> None:
    admin = at_a_terminal(broker, "admin", tmp_path)
    for name in ("policytool", "chalicelib", ".venv"):
        (admin.home / name).symlink_to(CHECKOUT / name)
    roles = admin.home / "policies" / "roles"
    roles.mkdir(parents=True)
    (roles / "wide.yaml").write_text(TEMPLATE)
    shutil.copy(CHECKOUT / "policies" / "service-authorization.json", roles.parent)
    assert admin.broker("roles", "apply", str(roles)).returncode == 0
    _, ec2 = take(broker, "alice", "wide")
    ec2.describe_instances()
    ec2.describe_vpcs()
    ec2.describe_security_groups()
    ec2.create_key_pair(KeyName="suggested-1")
    done = admin.broker("roles", "suggest", "wide", "--since", "1h", "--write", "narrow.yaml", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {action for one in found["policy"]["Statement"] for action in one["Action"]} == USED, found
    known = json.loads((roles.parent / "service-authorization.json").read_text())["actions"]["ec2"]
    every = [f"ec2:{name}" for text in known.values() for name in text.split()]
    answers = evaluate([Asked(action, {"inline": found["policy"]}) for action in every])
    assert {action for action, allowed in zip(every, answers, strict=True) if allowed} == USED
    plan = admin.broker("roles", "plan", "narrow.yaml")
    assert (plan.returncode, "wide" in plan.stdout) == (0, True), plan.stderr
    assert admin.broker("roles", "apply", "narrow.yaml").returncode == 0
    _, ec2 = take(broker, "alice", "wide")
    ec2.describe_instances()
    ec2.describe_vpcs()
    ec2.describe_security_groups()
    ec2.create_key_pair(KeyName="suggested-2")
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        ec2.describe_images()
