"""Commercial regions, China, the European Sovereign Cloud and GovCloud: each in every URL, ARN and endpoint."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from chalicelib.core.domain.roles import CONSOLES, Role, console_home, sign_in_host, switch_role_url
from chalicelib.provisioning.domain.users import sign_in_url
from chalicelib.sessions.handlers.bodies import ConsoleLinkBody
from lambda_package.models import PARTITIONS

SIGN_IN = {
    "aws": "https://signin.aws.amazon.com",
    "aws-cn": "https://signin.amazonaws.cn",
    "aws-eusc": "https://eusc-de-east-1.signin.amazonaws-eusc.eu",
    "aws-us-gov": "https://signin.amazonaws-us-gov.com",
}
HOMES = {
    "aws": "https://console.aws.amazon.com/",
    "aws-cn": "https://console.amazonaws.cn/",
    "aws-eusc": "https://console.amazonaws-eusc.eu/",
    "aws-us-gov": "https://console.amazonaws-us-gov.com/",
}
DEPLOYED = [
    *Path(".chalice").glob("resources*.json"),
    *Path("policies/boundaries").glob("*.json"),
    *Path("policies/guards").glob("*.json"),
    *Path("policies/lambda").glob("*.json"),
    Path("policies/api-gateway.json"),
    Path("policies/boundary.json"),
]

NAMED = r"arn:aws(-cn|-us-gov|-eusc)?:(?!dynamodb)"
EXAMPLE = "as arn:aws:iam::aws:policy/ReadOnlyAccess"
"""What an error tells a person to write."""


def role(partition: str) -> Role:
    return Role(
        name="ops", arn=f"arn:{partition}:iam::123456789012:role/access-broker/ops", direct_users=("arn:user/alice",)
    )


@pytest.mark.parametrize("partition", SIGN_IN)
def test_links_lead_to_the_console_of_the_partition(partition: str) -> None:
    link = switch_role_url(role(partition))
    assert link is not None
    assert link.startswith(f"{SIGN_IN[partition]}/switchrole?account=123456789012&")
    assert f"https://{sign_in_host(role(partition).arn)}" == SIGN_IN[partition]
    assert console_home(role(partition).arn) == HOMES[partition]
    assert sign_in_url("ours", "123456789012", partition).startswith("https://ours.")
    assert SIGN_IN[partition].removeprefix("https://") in sign_in_url("", "123456789012", partition)


@pytest.mark.parametrize("partition", HOMES)
def test_a_link_may_land_on_a_page_of_the_partitions_console_only(partition: str) -> None:
    def landing(url: str) -> ConsoleLinkBody:
        return msgspec.convert({"role": "ops", "destination": url}, ConsoleLinkBody)

    region = HOMES[partition].replace("https://", "https://xx-north-1.")
    assert landing(HOMES[partition] + "ec2/home").destination
    assert landing(region + "s3/home").destination
    for wrong in (HOMES[partition].replace(".", "-", 1), HOMES[partition].replace("console.", "console.evil.")):
        with pytest.raises(msgspec.ValidationError):
            landing(wrong)


def test_the_package_keeps_the_endpoints_of_each_partition() -> None:
    assert set(CONSOLES) == set(SIGN_IN) == PARTITIONS


@pytest.mark.parametrize("file", DEPLOYED, ids=str)
def test_what_is_deployed_names_no_partition(file: Path) -> None:
    assert re.findall(r"arn:aws[a-z-]*:[a-z*]", file.read_text()) == []


def test_the_template_leaves_the_endpoint_to_the_partition() -> None:
    parameters = json.loads(Path(".chalice/resources.json").read_text())["Parameters"]
    assert parameters["SignInEndpoint"]["Default"] == ""


def test_the_code_names_no_partition_but_where_all_stand() -> None:
    """`arn:aws:` in deployed code would be a role, policy or table of the commercial regions only."""
    found = {
        str(file)
        for file in Path("chalicelib").rglob("*.py")
        if "contract" not in file.parts and re.search(NAMED, file.read_text().replace(EXAMPLE, ""))
    }
    assert found == set()
