"""IAM reads empty parameters: UpdateRole with an empty Description deletes the old description.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html
"""

from __future__ import annotations

from functools import partial
from urllib.parse import parse_qs

from ministack.services import iam


def install() -> None:
    """Read empty parameters as empty, not as left out."""
    iam.parse_qs = partial(parse_qs, keep_blank_values=True)
