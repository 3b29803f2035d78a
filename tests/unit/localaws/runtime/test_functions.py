"""Functions on the embedded AWS see what they would see on Lambda."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import Any
from uuid import uuid4

import pytest

from tests.unit.localaws.conftest import Account, allowing, document, may

TRUSTS_LAMBDA = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def archive(source: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as package:
        package.writestr("handler.py", source)
    return content.getvalue()


def created(account: Account, source: str, **settings: Any) -> str:
    """The name of a function of this source; its role may call sts:GetCallerIdentity."""
    iam, name = account.client("iam"), f"function-{uuid4().hex[:8]}"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(TRUSTS_LAMBDA, trust=True))["Role"]
    account.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="handler.run",
        Role=role["Arn"],
        Code={"ZipFile": archive(source)},
        **settings,
    )
    return name


def call(account: Account, name: str, event: object) -> Any:
    invoked = account.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    return json.load(invoked["Payload"])


def run(account: Account, source: str) -> Any:
    """The answer of a function of this source."""
    return call(account, created(account, source), {})


def logged(account: Account, name: str) -> list[list[str]]:
    """Each invocation's own lines, from the first on: without START, END and REPORT."""
    found = account.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    streams: dict[str, list[str]] = {}
    for event in found:
        streams.setdefault(event["logStreamName"], []).append(event["message"])
    return [lines[1:-2] for lines in streams.values()]


@pytest.mark.parametrize("module", ["botocore", "pytest", "ministack"])
def test_a_function_cannot_import_what_its_package_does_not_bring(account: Account, module: str) -> None:
    source = f"def run(event, context):\n    import {module}\n"
    answer = run(account, source)
    assert f"No module named '{module}'" in answer["errorMessage"]


def test_a_function_does_not_see_the_developers_aws_settings(account: Account) -> None:
    source = "import os\ndef run(event, context):\n    return {k: v for k, v in os.environ.items() if 'AWS' in k}\n"
    seen = run(account, source)
    assert seen["AWS_CONFIG_FILE"] == seen["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
    assert seen["AWS_ENDPOINT_URL"] == account.endpoint_url
    assert "AWS_PROFILE" not in seen


def test_the_user_id_of_a_functions_session_begins_with_its_roles_unique_id(account: Account) -> None:
    source = "import os\ndef run(event, context):\n    return dict(os.environ)\n"
    seen = run(account, source)
    keys = account.session(seen["AWS_ACCESS_KEY_ID"], seen["AWS_SECRET_ACCESS_KEY"], seen["AWS_SESSION_TOKEN"])
    identity = account.client("sts", keys).get_caller_identity()
    role = identity["Arn"].split("/")[1]
    unique_id = account.client("iam").get_role(RoleName=role)["Role"]["RoleId"]
    assert identity["UserId"] == f"{unique_id}:{role}"


def test_a_function_may_do_what_its_role_allows_and_no_more(account: Account) -> None:
    source = "import os\ndef run(event, context):\n    return dict(os.environ)\n"
    seen = run(account, source)
    keys = account.session(seen["AWS_ACCESS_KEY_ID"], seen["AWS_SECRET_ACCESS_KEY"], seen["AWS_SESSION_TOKEN"])
    role = account.client("sts", keys).get_caller_identity()["Arn"].split("/")[1]
    assert not may(account.client("iam", keys), "list_users")
    policy = document(allowing("iam:ListUsers"))
    account.client("iam").put_role_policy(RoleName=role, PolicyName="test", PolicyDocument=policy)
    assert may(account.client("iam", keys), "list_users")


LOGS = """
import os, time
def run(event, context):
    lines = event["lines"]
    for line in lines:
        print(line)
    if "raise" in lines:
        raise ValueError("so it was asked")
    if "exit" in lines:
        os._exit(1)
    if "sleep" in lines:
        time.sleep(9)
"""


def test_each_invocation_has_its_own_log_whatever_became_of_the_one_before(account: Account) -> None:
    asked = [["first"], [], ["a", "b", "exit"], ["after"], ["raise"], [], ["sleep"], ["last", "of all"]]
    name = created(account, LOGS, Timeout=1)
    for lines in asked:
        call(account, name, {"lines": lines})
    words = {line for lines in asked for line in lines}
    told = [[line for line in lines if line in words] for lines in logged(account, name)]
    assert sorted(told) == sorted(asked)


def test_the_answer_of_a_function_that_logs_nothing_does_not_wait_for_a_log(account: Account) -> None:
    """Without our rule it takes 50 ms. The quickest of twenty: the machine may be busy."""
    name = created(account, LOGS)
    took = []
    for _ in range(20):
        begun = time.monotonic()
        call(account, name, {"lines": []})
        took.append(time.monotonic() - begun)
    assert min(took) < 0.04
