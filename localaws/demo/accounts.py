"""Member accounts: one broker, a role in each account, and a revocation that ends the session of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.demo.stage import as_variables

if TYPE_CHECKING:
    from localaws.demo.stage import Stage

TEMPLATE = """name: {name}
description: {description}
accounts: {accounts}
managed_policies: [{policy}]
tags: {{access-broker:audience: {audience}}}
"""
EC2 = {"name": "ec2-full", "description": "Everything in EC2", "policy": "AmazonEC2FullAccess"}
READ = {"name": "s3-look", "description": "Reads S3", "policy": "AmazonS3ReadOnlyAccess"}
APPROVAL_REQUIRED = 3


def a_role_in_every_account(stage: Stage) -> None:
    """The same templates, applied in the accounts that they name; then one of the roles is retired in one account."""
    stage.open("Two member accounts have joined: the same templates make roles there")
    stage.succeeds("broker accounts", "admin")
    for kept, words in (
        ("dev", {**EC2, "accounts": "[dev]", "audience": "engineers"}),
        ("prod", {**EC2, "accounts": "[prod]", "audience": "production"}),
        ("every", {**READ, "accounts": '["*"]', "audience": "engineers"}),
    ):
        path = stage.broker.directory / f"{kept}.yaml"
        path.write_text(TEMPLATE.format(**words))
        stage.succeeds(f"broker roles apply {path.name}", "admin")
    stage.succeeds("broker roles delete dev:s3-look", "admin")


def production_needs_another_person(stage: Stage) -> None:
    """Alice has dev at once; in prod the role of the same name needs bob's approval."""
    stage.open("alice takes dev:ec2-full at once; prod:ec2-full is another role, and bob approves it")
    stage.succeeds("broker exec dev:ec2-full -- aws sts get-caller-identity", "alice")
    refused = stage.command("broker creds prod:ec2-full --no-wait --reason incident --json", "alice")
    stage.expect("approval", true=refused.code == APPROVAL_REQUIRED, answer=refused.text)
    (filed,) = [one for one in stage.requests("alice") if one["state"] == "pending"]
    code = stage.broker.mfa_code("bob")  # approving production asks for MFA
    stage.succeeds(f"broker approve {filed['id']} --mfa-code {code}", "bob")
    said = stage.succeeds("broker exec prod:ec2-full -- aws ec2 describe-instances", "alice")
    stage.expect("EC2 of prod", true="Reservations" in said.text, answer=said.text)


def her_session_in_prod_ends_and_the_one_in_dev_lives(stage: Stage) -> None:
    """One session of one account is revoked, another account's goes on; each CloudTrail tells what its session did."""
    stage.open("Her session in prod is revoked; the one in dev lives; the calls of both are read")
    using, sessions = {}, {}
    for account in ("dev", "prod"):
        said = stage.curl("/v1/credentials", {"role": f"{account}:ec2-full"}, stage.keys("alice"))
        stage.expect("credentials", true="credentials" in said.document, answer=said.text)
        using[account], sessions[account] = as_variables(said.document["credentials"]), said.document["session"]["id"]
    stage.allowed(stage.aws("ec2 describe-instances", using=using["prod"]))
    stage.succeeds(f"broker revoke {sessions['prod']} --reason drill", "admin")
    stage.refused(stage.aws("ec2 describe-instances", using=using["prod"]), "UnauthorizedOperation")
    stage.allowed(stage.aws("ec2 describe-instances", using=using["dev"]))
    for account, refused in (("dev", False), ("prod", True)):
        said = stage.succeeds(f"broker activity {sessions[account]}", "alice")
        stage.expect(f"the calls in {account}", true=said.text.count("DescribeInstances") > 0, answer=said.text)
        stage.expect("the refusal", true=("UnauthorizedOperation" in said.text) is refused, answer=said.text)
