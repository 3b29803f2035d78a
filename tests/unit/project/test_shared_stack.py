"""The end-to-end files share a stack and run in any order: no two of them make a user or a role of the same name."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

FILES = sorted(Path("tests/e2e").glob("test_*.py"))
USERS = re.compile(
    r'make_engineer\(broker, "([\w.-]+)"|create_user\(UserName="([\w.-]+)"'
    r'|"users", "create", "([\w.-]+)"|/v1/users/([\w.-]+)", \w+, "PUT"'
)
ROLES = re.compile(r'make_role\(broker, "([\w.-]+)"|create_role\(RoleName="([\w.-]+)"|/v1/roles/([\w.-]+)", \w+, "PUT"')


def makers(made: re.Pattern[str]) -> dict[str, set[str]]:
    """The files that make each name."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for file in FILES:
        for groups in made.findall(file.read_text()):
            found["".join(groups)].add(file.name)
    return found


@pytest.mark.parametrize("made", [USERS, ROLES], ids=["users", "roles"])
def test_no_two_files_make_the_same_name(made: re.Pattern[str]) -> None:
    assert {name: files for name, files in makers(made).items() if len(files) > 1} == {}


def test_every_way_of_making_one_is_seen() -> None:
    assert {"gerd", "sts_user", "zoe", "not-made"} <= set(makers(USERS))
    assert {"watched", "climber"} <= set(makers(ROLES))
