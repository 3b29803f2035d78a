"""Alice with her own keys: before everything and after everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localaws.demo.stage import Stage

QUESTIONS = (
    ("iam list-user-policies --user-name alice", "PolicyNames"),
    ("iam list-attached-user-policies --user-name alice", "AttachedPolicies"),
    ("iam list-group-policies --group-name engineers", "PolicyNames"),
    ("iam list-attached-group-policies --group-name engineers", "AttachedPolicies"),
)


def alice_has_nothing(stage: Stage) -> None:
    """IAM lists no policy that reaches her, and EC2 refuses her."""
    stage.open("Alice has zero policies, so EC2 refuses her")
    stage.say("The administrator asks IAM for every policy of alice and of her only group, engineers:")
    for command, member in QUESTIONS:
        said = stage.aws(command, who="admin")
        stage.expect("no policies", true=said.document.get(member) == [], answer=said.text)
    stage.say("With her own keys:")
    _ec2_refuses(stage)


def alice_still_has_nothing(stage: Stage) -> None:
    """Her own keys still have no permissions at the end."""
    stage.open("Back to her own keys: refused again")
    _ec2_refuses(stage)


def _ec2_refuses(stage: Stage) -> None:
    stage.refused(stage.aws("ec2 describe-instances", who="alice"), "UnauthorizedOperation")
