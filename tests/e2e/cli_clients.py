"""Real programs that take AWS credentials, and the ARN each of them acts as."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.cli_person import on_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from tests.e2e.cli_person import Person

    class Run(Protocol):
        """Runs a command line in one of the ways that `broker` offers."""

        def __call__(self, *command: str) -> subprocess.CompletedProcess[str]: ...


HERE = Path(__file__).parent
BUILD = HERE.parents[1] / ".build"
TERRAFORM_PLUGINS = Path("/opt/tf-plugins")
"""A filesystem mirror of providers, where a machine without a registry keeps them."""

AWS_CLI_2 = Path("/usr/bin/aws")
GO_SOURCES = Path("/usr/share/gocode/src/github.com/aws/aws-sdk-go-v2")
"""Debian's packages awscli and golang-github-aws-aws-sdk-go-v2-dev."""

ARN = re.compile(r"arn:aws:(?:sts|iam)::\d{12}:[\w+=,.@/-]+")

BOTO3 = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
BOTOCORE = (
    "import botocore.session as s; c = s.get_session().create_client('sts'); print(c.get_caller_identity()['Arn'])"
)

TERRAFORM = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  skip_credentials_validation = true
}
"""


def node_modules() -> Path:
    """tests/e2e/js with its dependencies, installed once per checkout outside of git."""
    if not (on_path("node") and on_path("npm")):
        pytest.skip("node and npm are not installed")
    place = BUILD / "e2e-js"
    lock = (HERE / "js" / "package-lock.json").read_bytes()
    installed = place / "installed-lock.json"
    if not (installed.exists() and installed.read_bytes() == lock):
        shutil.copytree(HERE / "js", place, dirs_exist_ok=True)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            pytest.skip(f"npm could not install the SDK: {done.stderr.strip().splitlines()[-1]}")
        installed.write_bytes(lock)
    for script in (HERE / "js").glob("*.mjs"):
        shutil.copy(script, place)
    return place


def terraform(person: Person) -> None:
    """A folder of terraform's with the AWS provider in it, at the person's home."""
    if not on_path("terraform"):
        pytest.skip("terraform is not installed")
    (person.home / "main.tf").write_text(TERRAFORM)
    mirror = [f"-plugin-dir={TERRAFORM_PLUGINS}"] if TERRAFORM_PLUGINS.is_dir() else []
    ready = person.run(["terraform", "init", "-no-color", "-input=false", *mirror])
    if ready.returncode:
        pytest.skip(f"terraform has no AWS provider here: {ready.stderr.strip().splitlines()[-1]}")


def _go() -> str:
    if not (on_path("go") and GO_SOURCES.is_dir()):
        pytest.skip("go and Debian's golang-github-aws-aws-sdk-go-v2-dev are not installed")
    place = BUILD / "e2e-go-whoami"
    environment = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(BUILD / "go"), "PATH": PATHS}
    subprocess.run(["go", "build", "-o", place, HERE / "go" / "whoami.go"], env=environment, check=True, timeout=300)
    return str(place)


PATHS = "/usr/local/bin:/usr/bin:/bin"


def with_aws_cli_1(run: Run, _person: Person) -> str:
    return run("aws", "sts", "get-caller-identity").stdout


def with_aws_cli_2(run: Run, _person: Person) -> str:
    """Debian's knows AWS_ENDPOINT_URL not yet."""
    if not AWS_CLI_2.exists():
        pytest.skip("AWS CLI 2 is not installed (Debian's package awscli)")
    return run("sh", "-c", f'{AWS_CLI_2} --endpoint-url "$AWS_ENDPOINT_URL" sts get-caller-identity').stdout


def with_boto3(run: Run, _person: Person) -> str:
    return run(sys.executable, "-c", BOTO3).stdout


def with_botocore(run: Run, _person: Person) -> str:
    return run(sys.executable, "-c", BOTOCORE).stdout


def with_the_javascript_sdk(run: Run, _person: Person) -> str:
    return run("node", str(node_modules() / "whoami.mjs")).stdout


def with_the_go_sdk(run: Run, _person: Person) -> str:
    return run(_go()).stdout


def with_terraform(run: Run, person: Person) -> str:
    terraform(person)
    (person.home / "who.tf").write_text(
        'data "aws_caller_identity" "me" {}\noutput "arn" { value = data.aws_caller_identity.me.arn }\n'
    )
    return run("terraform", "apply", "-auto-approve", "-no-color", "-input=false").stdout


def with_cdk(run: Run, _person: Person) -> str:
    """It begins with a look at its own stack, which CloudFormation refuses the role by name."""
    cdk = str(node_modules() / "node_modules" / ".bin" / "cdk")
    done = run(cdk, "bootstrap", "aws://000000000000/us-east-1", "--no-notices")
    return done.stdout + done.stderr


CLIENTS: Mapping[str, Callable[[Run, Person], str]] = {
    "AWS CLI 1": with_aws_cli_1,
    "AWS CLI 2": with_aws_cli_2,
    "boto3": with_boto3,
    "botocore": with_botocore,
    "SDK for JavaScript 3": with_the_javascript_sdk,
    "SDK for Go 2": with_the_go_sdk,
    "Terraform": with_terraform,
    "CDK": with_cdk,
}


def arn_in(printed: str) -> str:
    """The ARN that a program printed; what it printed where there is none."""
    found = ARN.search(printed)
    return found.group() if found else printed
