"""`broker policy check` and `broker policy test`: the access policies, without AWS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from policytool.cases import run_all
from policytool.check import check as complaints_of
from policytool.source import BadFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policytool.case_files import Case
    from policytool.cases import Outcome

app = typer.Typer(
    help="Check and test the access policies, offline.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Folder = Annotated[Path, typer.Option("--policies", help="The folder that holds access/ and roles/.", exists=True)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of lines.")]
HERE = Path("policies")


@app.command("check")
def check_files(policies: Folder = HERE, *, as_json: AsJson = False) -> None:
    """Validate the policies: syntax, schema, terms, names, rules that open nothing, roles nobody reaches.

    Exit code 1 if there is an error; warnings alone leave it 0.

    Example: broker policy check --policies policies
    """
    found = complaints_of(policies)
    if as_json:
        print(
            json.dumps([{name: getattr(one, name) for name in ("file", "line", "level", "message")} for one in found])
        )
    else:
        _print_complaints([str(one) for one in found], len(list((policies / "access").glob("*.cedar"))))
    raise typer.Exit(1 if any(one.level == "error" for one in found) else 0)


def _print_complaints(lines: list[str], files: int) -> None:
    for line in lines:
        print(line)
    print(f"{files} policy files checked, {len(lines)} complaint(s).")


@app.command("test")
def run_cases(policies: Folder = HERE, *, as_json: AsJson = False) -> None:
    """Run the cases in policies/access/cases: given caller, role and context, who gets what by which rule.

    Exit code 1 if a case fails, 2 if a case or a policy makes no sense.

    Example: broker policy test --json
    """
    try:
        outcomes = run_all(policies)
    except (BadFile, ValueError) as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from None
    failed = [(case, got) for case, got in outcomes if not got.meets(case)]
    if as_json:
        print(
            json.dumps({"passed": len(outcomes) - len(failed), "failed": [_failure(case, got) for case, got in failed]})
        )
    else:
        _print_failures(failed)
        print(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed")
    raise typer.Exit(1 if failed else 0)


def _failure(case: Case, got: Outcome) -> dict[str, str]:
    expected, seen = _said(case.expect, case.by, case.terms), _said(got.decision, got.by, _compared(case, got))
    return {"file": case.file, "name": case.name, "expected": expected, "got": seen, "detail": got.words}


def _print_failures(failed: list[tuple[Case, Outcome]]) -> None:
    for case, got in failed:
        told = _failure(case, got)
        print("{file}: {name}: expected {expected}, got {got}".format(**told))
        if got.words:
            print(f"    {got.words}")


def _compared(case: Case, got: Outcome) -> dict[str, int]:
    """The terms found, of those that the case states."""
    return {name: got.terms[name] for name in case.terms if name in got.terms}


def _said(decision: str, by: tuple[str, ...], terms: Mapping[str, int]) -> str:
    words = f"{decision} by {', '.join(by)}" if by else decision
    return " ".join([words, *(f"{name}={value}" for name, value in terms.items())])
