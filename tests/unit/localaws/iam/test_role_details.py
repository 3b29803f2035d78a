"""GetAccountAuthorizationDetails on the embedded AWS tells what it tells on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.localaws.conftest import allowing, document, trusting

if TYPE_CHECKING:
    from tests.unit.localaws.conftest import Account

ROOT = "arn:aws:iam::000000000000:root"


def test_each_role_is_told_with_its_own_boundary(account: Account) -> None:
    iam = account.client("iam")
    policy = document(allowing("s3:GetObject"))
    arns = [iam.create_policy(PolicyName=f"bound-{one}", PolicyDocument=policy)["Policy"]["Arn"] for one in "ab"]
    bounded = [account.role(trusting(ROOT), allow=("s3:GetObject",), PermissionsBoundary=arn) for arn in arns]
    free = account.role(trusting(ROOT), allow=("s3:GetObject",))
    iam.create_instance_profile(InstanceProfileName="bounded")
    iam.add_role_to_instance_profile(InstanceProfileName="bounded", RoleName=bounded[0].rsplit("/", 1)[-1])
    found = {role["Arn"]: role for role in iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"]}
    told: list[Any] = [found[arn].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn") for arn in bounded]
    assert told == arns
    assert "PermissionsBoundary" not in found[free]
    assert [policy["PolicyName"] for policy in found[bounded[1]]["RolePolicyList"]] == ["test"]
    assert [one["InstanceProfileName"] for one in found[bounded[0]]["InstanceProfileList"]] == ["bounded"]
