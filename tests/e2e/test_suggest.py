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
    from tests.e2e.cli_person import Person

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
    _the_use_is_told(broker, admin, tmp_path)
    done = admin.broker("roles", "suggest", "wide", "--since", "1h", "--write", "narrow.yaml", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["last_accessed"] == "complete"
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


def _the_use_is_told(broker: Broker, admin: Person, tmp_path: Path) -> None:
    """The auditor reads the use with IAM's own data; alice, who may read no audit, gets a policy of her own use."""
    found = json.loads(admin.broker("roles", "usage", "wide", "--since", "1h", "--json").stdout)
    assert {f"{one['service']}:{one['action']}" for one in found["used"]} == USED
    [unused] = [one for one in found["unused"] if one["service"] == "ec2"]
    assert unused["allowed"] - len(unused["actions"]) == len(USED)
    [ec2] = [one for one in found["last_accessed"]["services"] if one["service"] == "ec2"]
    assert {f"ec2:{one['action']}" for one in ec2["actions"]} == USED
    alice = at_a_terminal(broker, "alice", tmp_path / "alice")
    assert alice.broker("roles", "usage", "wide").returncode != 0
    done = alice.broker("roles", "suggest", "wide", "--session-policy", "--write", "mine.json")
    assert done.returncode == 0, done.stderr
    every = [*USED, "ec2:DescribeImages", "ec2:RunInstances"]
    answers = evaluate([Asked(action, {"inline": json.loads(done.stdout)}) for action in every])
    assert answers == [action in USED for action in every]
    assert alice.broker("creds", "wide", "--policy", "mine.json").returncode == 0
