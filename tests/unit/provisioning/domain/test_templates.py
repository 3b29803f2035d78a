"""Templates: what IAM would refuse stops before IAM sees it, and says where."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.core.domain.errors import InvalidRequest
from chalicelib.provisioning.domain.templates import RoleTemplate, Trust, check_form, managed_policy_arn

GOOD = RoleTemplate("ec2-full", "Everything in EC2", ("AmazonEC2FullAccess",), tags={"access-broker:audience": "a"})
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
LONG = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::" + "x" * 7000}],
}
NAMELESS = [{"Effect": "Allow", "action": "s3:*", "Resource": "*"}]


def test_a_good_template_is_accepted() -> None:
    check_form(GOOD)
    check_form(replace(GOOD, inline_policy=READ, trust=Trust(source_ips=("192.0.2.0/24", "2001:db8::/32"))))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "a/b"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": "naïve"}, "name"),
        ({"description": "x" * 1001}, "description"),
        ({"description": "\u2014"}, "description"),
        ({"description": "two\r\nlines"}, "description"),
        ({"max_session_seconds": 3599}, "max_session_seconds"),
        ({"max_session_seconds": 43201}, "max_session_seconds"),
        ({"managed_policies": tuple(f"p{n}" for n in range(11))}, "managed_policies"),
        ({"managed_policies": ("a", "a")}, "managed_policies"),
        ({"inline_policy": {}}, "inline_policy"),
        ({"inline_policy": {"Statement": READ["Statement"]}}, "inline_policy"),
        ({"inline_policy": {"Version": "2012-10-17", "statement": []}}, "inline_policy"),
        ({"inline_policy": {"Version": "2012-10-17", "Statement": NAMELESS}}, "inline_policy"),
        ({"inline_policy": {"Version": "2012-10-17", "Statement": ["Allow"]}}, "inline_policy"),
        ({"inline_policy": LONG}, "inline_policy"),
        ({"tags": {"aws:x": "1"}}, "tags.aws:x"),
        ({"tags": {"Access-Broker:Managed": "false"}}, "tags.Access-Broker:Managed"),
        ({"tags": {"access-broker:deployment": "other"}}, "tags.access-broker:deployment"),
        ({"tags": {"a;b": "1"}}, "tags.a;b"),
        ({"tags": {"a": "1", "A": "2"}}, "tags"),
        ({"tags": {f"t{n}": "" for n in range(48)}}, "tags"),
        ({"trust": Trust(through_broker=False)}, "trust"),
        ({"trust": Trust(through_broker=False, direct_users=("bob",), callers=("alice",))}, "trust.callers"),
        ({"trust": Trust(exceptions=("x",) * 750)}, "trust.exceptions"),
        ({"trust": Trust(exceptions=("whole_account",) * 2)}, "trust.exceptions"),
        ({"trust": Trust(exceptions=tuple(f"x{n}" for n in range(10)))}, "trust.exceptions"),
        ({"trust": Trust(exceptions=("x" * 65,))}, "trust.exceptions"),
        ({"trust": Trust(source_ips=("not-an-address",))}, "trust.source_ips"),
        ({"trust": Trust(statements=({"Effect": "Allow", "Action": "sts:AssumeRole"},))}, "trust.statements[0]"),
    ],
)
def test_a_template_that_does_not_fit_names_the_field(change, field) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_form(replace(GOOD, **change))
    assert field in refused.value.fields


def test_every_field_at_fault_is_named_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_form(replace(GOOD, name="", max_session_seconds=1, tags={"aws:x": ""}))
    assert set(refused.value.fields) == {"name", "max_session_seconds", "tags.aws:x"}


def test_a_plain_policy_name_is_one_of_awss_own() -> None:
    assert managed_policy_arn("ReadOnlyAccess", "aws") == "arn:aws:iam::aws:policy/ReadOnlyAccess"
    assert managed_policy_arn("job-function/Billing", "aws-cn") == "arn:aws-cn:iam::aws:policy/job-function/Billing"
    own = "arn:aws:iam::123456789012:policy/ours"
    assert managed_policy_arn(own, "aws") == own


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ({"Resource": "arn:aws:s3:::\u672c\u756a"}, "inline_policy.Statement[0].Resource"),
        ({"Resource": ["*", "arn:aws:s3:::\u672c"]}, "inline_policy.Statement[0].Resource[1]"),
        ({"Condition": {"StringEquals": {"aws:RequestTag/\u672c": "x"}}},
         "inline_policy.Statement[0].Condition.StringEquals.aws:RequestTag/\u672c"),
    ],
)  # fmt: skip
def test_a_character_that_iam_takes_in_no_policy_is_refused_at_its_place(
    statement: dict[str, object], place: str
) -> None:
    whole = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*", **statement}],
    }
    with pytest.raises(InvalidRequest) as refused:
        check_form(replace(GOOD, inline_policy=whole))
    assert list(refused.value.fields) == [place]


def test_characters_of_latin_1_stay() -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::\u00e9"}],
    }
    check_form(replace(GOOD, inline_policy=policy))
