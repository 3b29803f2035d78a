"""The API's resource policy, judged by an evaluator that is not ours: the hub's callers, members, and all others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.evaluator import ACCOUNT, Asked, evaluate

MEMBER, OUTSIDE = "111111111111", "999999999999"
ORGANIZATION, ENDPOINT = "o-a1b2c3d4e5", "vpce-0a1b2c3d"
API = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:abc123"
PARAMETERS = {"AWS::AccountId": ACCOUNT, "CallersOrganization": ORGANIZATION}
MAY_CALL = {
    "own": {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": f"{API}/*"}],
    }
}
OF_MEMBERS = {"aws:PrincipalOrgID": ORGANIZATION}
ANOTHER = {"aws:PrincipalOrgID": "o-zzzzzzzzzz"}
WITHOUT_MFA = {"aws:MultiFactorAuthPresent": "false"}
WITH_MFA = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "60"}


def deployed(*options: str) -> dict[str, Any]:
    """The policy as a deployment with these conditions has it, its resources written out as API Gateway does."""
    written = json.loads(Path("policies/api-gateway.json").read_text())
    standing = [one for one in written["Statement"] if "Fn::If" not in one]
    standing += [one["Fn::If"][1] for one in written["Statement"] if one.get("Fn::If", [""])[0] in options]
    text = json.dumps({**written, "Statement": standing}).replace('"execute-api:/', f'"{API}/')
    text = text.replace('{"Fn::Split": [",", {"Ref": "VpcEndpointIds"}]}', f'"{ENDPOINT}"')
    for name, value in PARAMETERS.items():
        text = text.replace(json.dumps({"Ref": name}), json.dumps(value))
    assert '"Ref"' not in text
    document: dict[str, Any] = json.loads(text)
    return document


def call(
    account: str,
    policy: dict[str, Any],
    context: dict[str, str],
    *,
    path: str = "v1/whoami",
    own: dict[str, Any] | None = None,
    kind: str = "sts",
) -> Asked:
    who = "assumed-role/release/build-7" if kind == "sts" else "user/alice"
    return Asked(
        "execute-api:Invoke",
        own or {},
        None,
        f"{API}/api/GET/{path}",
        {"aws:PrincipalAccount": account, **context},
        policy,
        principal=f"arn:aws:{kind}::{account}:{who}",
    )


def test_members_are_let_in_with_the_parameter_and_a_policy_of_their_own_and_all_others_stay_out() -> None:
    closed, open_ = deployed(), deployed("LetsMembersCall")
    private = deployed("LetsMembersCall", "IsPrivate")
    wanted = [
        (call(ACCOUNT, closed, OF_MEMBERS, kind="iam"), True),
        (call(ACCOUNT, open_, OF_MEMBERS, kind="iam"), True),
        (call(ACCOUNT, open_, {}), True),
        (call(MEMBER, open_, OF_MEMBERS, own=MAY_CALL), True),
        (call(MEMBER, open_, OF_MEMBERS), False),
        (call(MEMBER, closed, OF_MEMBERS, own=MAY_CALL), False),
        (call(OUTSIDE, open_, ANOTHER, own=MAY_CALL), False),
        (call(OUTSIDE, open_, {}, own=MAY_CALL), False),
        (call(MEMBER, open_, OF_MEMBERS | WITHOUT_MFA, own=MAY_CALL, path="mfa/v1/whoami"), False),
        (call(MEMBER, open_, OF_MEMBERS, own=MAY_CALL, path="mfa/v1/whoami"), False),
        (call(MEMBER, open_, OF_MEMBERS | WITH_MFA, own=MAY_CALL, path="mfa/v1/whoami"), True),
        (call(OUTSIDE, open_, ANOTHER | WITH_MFA, own=MAY_CALL, path="mfa/v1/whoami"), False),
        (call(MEMBER, open_, OF_MEMBERS, own=MAY_CALL, path="x/v1/whoami"), False),
        (call(MEMBER, private, OF_MEMBERS, own=MAY_CALL), False),
        (call(MEMBER, private, OF_MEMBERS | {"aws:SourceVpce": ENDPOINT}, own=MAY_CALL), True),
    ]
    assert evaluate([asked for asked, _ in wanted]) == [allowed for _, allowed in wanted]
