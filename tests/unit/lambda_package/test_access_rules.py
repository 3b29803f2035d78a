"""What deploys has been validated, and is what its texts say."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from chalicelib.access.domain.rule_files import load_compiled, load_rules
from lambda_package import access_rules
from lambda_package.failures import PackagingFailed
from policytool.source import read

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """The shipped policies as the package holds them: without their cases."""
    shutil.copytree("policies", tmp_path / "policies", ignore=shutil.ignore_patterns("cases"))
    return tmp_path / "policies"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            '@id("x")\nforbid (principal, action == Broker::Action::"TakeCredentails", resource);',
            r"policies/access/extra\.cedar:2: error: .*'TakeCredentails'",
        ),
        (
            '@id("x") permit (principal, action, resource) when { resource.foo == 1 };',
            r"policies/access/extra\.cedar:1: error: .*attribute `foo`",
        ),
        (
            '@id("x") forbid (principal == ?principal, action, resource);',
            r"policies/access/extra\.cedar:1: error: .*\?principal",
        ),
        ("permit (principal, action, resource);", r"policies/access/extra\.cedar:1: error: .*@id"),
    ],
)
def test_a_policy_that_does_not_validate_is_not_packaged(policies: Path, text: str, complaint: str) -> None:
    (policies / "access" / "extra.cedar").write_text(text)
    with pytest.raises(PackagingFailed, match=f"(?s){complaint}"):
        access_rules.precompile(policies)
    assert not (policies / access_rules.COMPILED).exists()


@pytest.mark.parametrize(
    ("file", "content", "complaint"),
    [
        ("roles/ec2-full.yaml", b"name: ec2-full\ntags: [\n", r"^policies/roles/ec2-full\.yaml:3: error: .*YAML"),
        ("access/extra.cedar", b"// caf\xe9\n", r"^policies/access/extra\.cedar:1: error: .*UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_not_packaged(policies: Path, file: str, content: bytes, complaint: str) -> None:
    (policies / file).write_bytes(content)
    with pytest.raises(PackagingFailed, match=complaint):
        access_rules.precompile(policies)


def test_the_shipped_policies_are_packaged_as_their_texts_say(policies: Path) -> None:
    access_rules.precompile(policies)
    texts = read(policies / "access", "*.cedar")
    assert load_compiled((policies / access_rules.COMPILED).read_text(), texts) == load_rules(texts)
