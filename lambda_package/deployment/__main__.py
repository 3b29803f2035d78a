"""`make deploy`: python -m lambda_package.deployment PACKAGE --stage prod --bucket access-broker-my-packages."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from lambda_package import overlay
from lambda_package.deployment import bucket, change_set, code, gradual, settings
from lambda_package.failures import PackagingFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

OVERLAY = Path(".chalice/resources-aws.json")
BUCKET = re.compile(r"access-broker-[a-z0-9.-]{1,49}")


def main(arguments: Sequence[str] | None = None, session: boto3.Session | None = None) -> int:
    """Upload, show the change set, ask, execute, and compare the deployed code; 1 where it failed or was declined."""
    options = _options(arguments)
    try:
        return deploy(options, session or boto3.Session())
    except (PackagingFailed, change_set.Declined, code.CodeDiffers) as failure:
        sys.stderr.write(f"{failure}\n")
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"AWS refused: {error}\n")
    return 1


def deploy(options: argparse.Namespace, session: boto3.Session) -> int:
    """One deployment."""
    stack = f"access-broker-{options.stage}"
    package: Path = options.package
    if options.overlay:
        overlay.add(package / "sam.json", options.overlay)
    cloudformation = session.client("cloudformation")
    given, before = change_set.pairs(options.parameters), change_set.described(cloudformation, stack)
    whole, prefix = json.loads((package / "sam.json").read_text()), options.stage
    whole = settings.with_a_deployment_for(whole, settings.values_of(whole, before, given))
    if options.gradual:
        whole = gradual.make_gradual(whole, snap_start=options.snap_start)
        prefix = f"{options.stage}/{gradual.settings_of(whole, before, given)}"
    store = bucket.Bucket(session.client("s3"), options.bucket, prefix)
    zipped = store.put(package / "deployment.zip")
    if options.signing_profile:
        zipped = store.signed(session.client("signer"), zipped, options.signing_profile, package / "deployment.zip")
    template = bucket.pointed_at(whole, zipped)
    wanted = change_set.Wanted(
        stack,
        store.put_text(json.dumps(template)).url,
        frozenset(template["Parameters"]),
        given,
        change_set.pairs(options.tags),
        options.role_arn,
    )
    made = change_set.make(cloudformation, wanted, before)
    if made:
        change_set.confirm(cloudformation, made, yes=options.yes)
        change_set.execute(cloudformation, made)
    cloudformation.update_termination_protection(EnableTerminationProtection=True, StackName=stack)
    count = code.compare(session.client("lambda"), cloudformation, stack, package / "deployment.zip")
    sys.stdout.write(f"{stack}: {count} functions run the code of {package / 'deployment.zip'}\n")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lambda_package.deployment", description=__doc__)
    parser.add_argument("package", type=Path, help="the directory that make package wrote")
    parser.add_argument("--stage", default="dev")
    parser.add_argument("--bucket", type=_bucket, required=True, help="takes the package; named access-broker-*")
    parser.add_argument("--yes", action="store_true", help="execute the change set without asking")
    parser.add_argument("--role-arn", help="the role that CloudFormation uses, if not your own permissions")
    parser.add_argument("--signing-profile", help="an AWS Signer profile that signs the code; the bucket has versions")
    parser.add_argument("--gradual", action="store_true", help="put the API function behind an alias; see the page")
    parser.add_argument("--snap-start", action="store_true", help="with --gradual: start it from a snapshot")
    parser.add_argument("--parameters", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("--tags", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("--overlay", type=_path, default=OVERLAY, help="resources for real accounts; empty: none")
    return parser.parse_args(arguments)


def _bucket(name: str) -> str:
    if not BUCKET.fullmatch(name):
        raise argparse.ArgumentTypeError(
            "name a bucket whose name begins with access-broker-: BUCKET=access-broker-my-packages (docs/operations.md)"
        )
    return name


def _path(name: str) -> Path | None:
    return Path(name) if name else None


if __name__ == "__main__":
    sys.exit(main())
