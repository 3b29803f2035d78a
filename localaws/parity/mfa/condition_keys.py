"""`aws:MultiFactorAuthPresent` and `aws:MultiFactorAuthAge`: of temporary credentials, never of long-term keys.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html

A call of AssumeRole that carries a code counts as proven for the policies that
judge this call. They are the identity policies of the caller and the role's
trust policy. API Gateway's resource policy is asked with the same keys.
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator
from ministack.services import sts

from localaws.parity.mfa.proof import offered
from localaws.parity.wrap import around

if TYPE_CHECKING:
    from collections.abc import Callable

PRESENT = "aws:multifactorauthpresent"
AGE = "aws:multifactorauthage"


def principal_keys(original: Callable[..., dict[str, Any]], credential: Any) -> dict[str, Any]:
    """The keys of the caller, and those of its second factor."""
    keys, proof = original(credential), offered()
    signed = iam_evaluator._verified_key.get() == credential.access_key_id
    if proof and signed and proof.check(credential.principal_name, credential.account_id) is None:
        return keys | {PRESENT: "true", AGE: "0"}
    proven_at = authenticated_at(credential.access_key_id)
    return keys | ({PRESENT: "true", AGE: str(int(time.time() - proven_at))} if proven_at else {})


def authenticated_at(access_key_id: str) -> float | None:
    """The time of the second factor of a session; None for long-term keys and for a session without one."""
    found: float | None = (sts._sessions.get(access_key_id) or {}).get("MfaAt")
    return found


def install() -> None:
    """Tell the evaluator of the second factor."""
    around(iam_evaluator, "_principal_keys", principal_keys)
    sts._principal_keys = iam_evaluator._principal_keys
