"""A `*` in a policy stands for any characters, line ends among them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""
# ruff: noqa: SLF001  (the parity rules reach into ministack: that is their job)

from __future__ import annotations

import fnmatch
import re
from functools import lru_cache

from ministack.core import iam_evaluator


@lru_cache(maxsize=4096)
def pattern(text: str, ignore_case: bool) -> re.Pattern[str]:  # noqa: FBT001  ministack's own signature
    """The policy's pattern: `*` and `?` are wild, nothing else is."""
    wild = fnmatch.translate(text.replace("[", "[[]"))
    return re.compile(wild, re.IGNORECASE if ignore_case else 0)


def install() -> None:
    """Match as AWS does."""
    iam_evaluator._fnmatch_compile = pattern
