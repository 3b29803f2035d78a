"""AssumeRole on the embedded AWS limits what session policies and tags are together."""

from __future__ import annotations

from random import Random
from string import ascii_letters, digits
from typing import Any

from localaws.parity.sts.packed_policy import packed
from tests.unit.localaws.conftest import Account, allowing, document, refusal, trusting


def asked(account: Account) -> tuple[Any, dict[str, str]]:
    arn, keys = account.user()
    role = account.role(trusting(arn, "sts:AssumeRole", "sts:TagSession"))
    return account.client("sts", keys), {"RoleArn": role, "RoleSessionName": "test"}


def tags(count: int) -> list[dict[str, str]]:
    return [{"Key": f"key-{number:02}", "Value": "v" * 20} for number in range(count)]


def many_arns(count: int) -> str:
    random = Random(1)  # noqa: S311  text that does not compress
    arns = [f"arn:aws:s3:::{''.join(random.choices(ascii_letters + digits, k=24))}/*" for _ in range(count)]
    return document(allowing("s3:GetObject", Resource=arns))


def test_the_answer_tells_how_much_is_used(account: Account) -> None:
    sts, role = asked(account)
    sizes = [
        sts.assume_role(**role, **more)["PackedPolicySize"]
        for more in ({}, {"Tags": tags(1)}, {"Tags": tags(5)}, {"Tags": tags(5), "Policy": many_arns(2)})
    ]
    assert sizes[0] == 0
    assert sizes == sorted(set(sizes))
    assert sizes[-1] <= 100


def test_too_many_tags_are_refused_long_before_fifty(account: Account) -> None:
    sts, role = asked(account)
    code, message = refusal(sts, "assume_role", **role, Tags=tags(20))
    assert code == "PackedPolicyTooLarge"
    assert message.startswith("Packed size of session tags consumes ")


def test_a_policy_that_does_not_pack_is_refused_below_2048_characters(account: Account) -> None:
    sts, role = asked(account)
    assert len(many_arns(44)) < 2_048
    code, message = refusal(sts, "assume_role", **role, Policy=many_arns(44))
    assert code == "PackedPolicyTooLarge"
    assert message.startswith("Packed policy consumes ")


def test_policies_and_tags_share_the_limit() -> None:
    policy, tag = many_arns(20), {tag["Key"]: tag["Value"] for tag in tags(7)}
    assert packed(policy, [], {}).problem is None
    assert packed("", [], tag).problem is None
    assert packed(policy, [], tag).problem is not None
