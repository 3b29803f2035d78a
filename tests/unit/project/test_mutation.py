"""The mutation tests' own tool: which changes it makes, that it can put them in, and the list of survivors."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.mutation.__main__ import DOMAIN, SCRATCH, known, main, report
from tests.mutation.mutants import code_of, mutants
from tests.mutation.session import Mutation

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mutation.mutants import Mutant

SOURCE = """
LIMIT = 3

class Door:
    def opens(self, age: int) -> bool:
        if age < LIMIT or not self.known:
            raise ValueError("too young, by far")
        return any(one for one in self.rules if one.open)
"""
CHANGES = {
    ("LIMIT", "3 -> 4"),
    ("Door.opens", "if age < LIMIT or not self.known -> if True"),
    ("Door.opens", "if age < LIMIT or not self.known -> if False"),
    ("Door.opens", "age < LIMIT or not self.known -> age < LIMIT and (not self.known)"),
    ("Door.opens", "age < LIMIT or not self.known -> not self.known"),
    ("Door.opens", "age < LIMIT or not self.known -> age < LIMIT"),
    ("Door.opens", "age < LIMIT -> age <= LIMIT"),
    ("Door.opens", "age < LIMIT -> age > LIMIT"),
    ("Door.opens", "not self.known -> self.known"),
    ("Door.opens", "raise ValueError('too young, by far') -> pass"),
    ("Door.opens", "return any((one for one in self.rules if one.open)) -> return None"),
    ("Door.opens", "any -> all"),
    ("Door.opens", "for one in self.rules if one.open -> for one in self.rules"),
}


@pytest.fixture
def made(tmp_path: Path) -> list[Mutant]:
    source = tmp_path / "door.py"
    source.write_text(SOURCE)
    return list(mutants(str(source)))


def test_every_decision_is_changed_and_no_words_are(made: list[Mutant]) -> None:
    assert {(mutant.scope, mutant.what) for mutant in made} == CHANGES
    assert len(made) == len(CHANGES)


def test_a_mutant_changes_its_own_place_only(made: list[Mutant]) -> None:
    texts = {ast.unparse(mutant.tree()) for mutant in made}
    assert len(texts) == len(CHANGES)
    assert ast.unparse(ast.parse(SOURCE.replace("age < LIMIT", "age <= LIMIT"))) in texts


@pytest.mark.parametrize("file", DOMAIN)
def test_every_function_is_found_in_what_is_compiled(file: str) -> None:
    of_each_function = {mutant.scope: mutant for mutant in mutants(file)}
    changed = [mutant for mutant in of_each_function.values() if not mutant.scope.isupper()]
    assert changed
    assert {code_of(mutant).co_qualname for mutant in changed} == {mutant.scope for mutant in changed}


def test_the_listed_survivors_are_changes_that_can_still_be_made() -> None:
    assert known(set(DOMAIN)) <= {mutant.name for file in DOMAIN for mutant in mutants(file)}
    assert known({"chalicelib/access/domain/nearest.py"}) < known(set(DOMAIN))


@pytest.mark.parametrize(("survive", "listed", "result"), [(1, 1, 0), (1, 0, 1), (0, 1, 1), (0, 0, 0)], ids=str)
def test_survivors_must_be_those_that_are_listed(made: list[Mutant], survive: int, listed: int, result: int) -> None:
    mutation = Mutation(made, 1, print, killed=made[survive:], survivors=made[:survive])
    assert report(mutation, {mutant.name for mutant in made[:listed]}) == result


def test_a_mutant_that_was_not_tried_is_a_failure(made: list[Mutant]) -> None:
    assert report(Mutation(made, 1, print, killed=made[1:]), set()) == 1


def test_a_fresh_checkout_has_room_for_the_tests_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The tests' folder is made by pytest, the one above it by nothing else in a checkout that never packaged."""
    (tmp_path / "door.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["mutation", "door.py"])
    started: list[bool] = []
    monkeypatch.setattr("tests.mutation.__main__.pytest.main", lambda *_, **__: started.append(SCRATCH.parent.is_dir()))
    assert main() == 1  # no mutant was tried
    assert started == [True]
