"""The date of a call has one form. The window of five minutes around it is ministack's own rule.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html ("Credential scope errors")

ministack does not compare a date that it cannot read, so a call with such a
date would be good for ever.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from localaws.parity.gateway.signed_call import Problem

if TYPE_CHECKING:
    from localaws.parity.gateway.signed_call import SignedCall

BASIC_FORMAT = re.compile(r"\d{8}T\d{6}Z", re.ASCII)


def problem(call: SignedCall) -> Problem | None:
    """IncompleteSignature when X-Amz-Date is no date in the ISO 8601 basic format."""
    if not call.date or _is_date(call.date):
        return None
    return Problem("IncompleteSignature", f"Date must be in ISO-8601 'basic format'. Got '{call.date}'.")


def _is_date(text: str) -> bool:
    if not BASIC_FORMAT.fullmatch(text):
        return False
    try:
        return bool(datetime.strptime(text, "%Y%m%dT%H%M%S%z"))
    except ValueError:
        return False
