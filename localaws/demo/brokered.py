"""The broker: ask, get credentials for an hour, and no permission beyond the role."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from localaws.demo.stage import as_variables, masked

if TYPE_CHECKING:
    from localaws.demo.stage import Stage

ROLE = "ec2-full"
REASON = "look at the instances"
SECRETS = ("SecretAccessKey", "SessionToken")


def alice_asks_the_broker(stage: Stage) -> None:
    """POST /v1/credentials, signed with keys that have no permissions."""
    stage.open("The broker's way: alice asks for the role and says why")
    said = stage.curl("/v1/credentials", {"role": ROLE, "reason": REASON}, stage.keys("alice"))
    stage.expect("credentials", true="credentials" in said.document, answer=said.text)
    stage.session, credentials = said.document["session"], said.document["credentials"]
    stage.given = as_variables(credentials)
    shown = credentials | {name: masked(credentials[name]) for name in SECRETS}
    stage.show(json.dumps({"session": stage.session, "credentials": shown}, indent=1))


def the_credentials_do_what_the_role_does_and_no_more(stage: Stage) -> None:
    """EC2 allows, S3 refuses, and the session carries her name."""
    stage.open("With these credentials EC2 answers, and S3 refuses")
    stage.allowed(stage.aws("ec2 describe-instances", using=stage.given))
    stage.refused(stage.aws("s3api list-buckets", using=stage.given), "AccessDenied")
    said = stage.aws("sts get-caller-identity", using=stage.given)
    stage.expect("her name on the session", true="/alice-" in said.document.get("Arn", ""), answer=said.text)


def no_key_gets_round_the_broker(stage: Stage) -> None:
    """The role trusts the broker only."""
    stage.open("No way round the broker: the role itself refuses alice's own keys")
    said = stage.aws(
        f"sts assume-role --role-arn {stage.session['role_arn']} --role-session-name alice-direct", who="alice"
    )
    stage.refused(said, "AccessDenied")
