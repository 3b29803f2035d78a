"""`python -m policytool check`, `test`, `replay`: the access policies, without AWS. `broker policy` runs it here."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.insight.domain.changes import CHANGES
from policytool import access_report, replay, suggest
from policytool.cases import run_all
from policytool.check import check as complaints_of
from policytool.source import BadFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policytool.case_files import Case
    from policytool.cases import Outcome

CHECK = """Validate the policies: syntax, schema, terms, names, rules that open nothing, roles that no caller reaches.

Exit code 1 if there is an error; warnings alone leave it 0.

Example:
  broker policy check --policies policies
"""

TEST = """Run the cases in policies/access/cases: given caller, role and context, who gets what by which rule.

Exit code 1 if a case fails, 2 if a case or a policy makes no sense.

Example:
  broker policy test --json
"""


REPLAY = """Decide the decisions of the audit log again with these policies, and say what changes for whom.

Reads events, one JSON object a line: what `broker audit --json` prints, or CloudWatch's export (.gz too).
Decisions that cannot be made again are counted, never guessed. Without --base, the outcome on record is compared.

Exit code 1 if a change named by --fail-on is found, 2 if the policies make no sense.

Example:
  broker policy replay --since 30d --fail-on refused,allowed
  broker policy replay --events audit.jsonl --base ../main/policies --markdown
"""

ACCESS = """Read facts from standard input and print the access matrix as JSON; `broker report access` runs it."""

SUGGEST = """Read a role's usage from standard input, print a narrower template; `broker roles suggest` runs it."""


def main(words: Sequence[str] | None = None) -> int:
    """Run one command line; its exit code."""
    given = _parser().parse_args(words)
    if not given.policies.is_dir():
        sys.stderr.write(f"broker policy: there is no folder {given.policies}: name it with --policies.\n")
        return 2
    if given.command in FROM_FACTS:
        return answer_facts(given.command, given.policies)
    if given.command == "replay":
        return replay_events(given)
    run = {"check": check_files, "test": run_cases}[given.command]
    return run(given.policies, as_json=given.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("broker policy", description="Check, test and replay the access policies.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="check|test|replay|access|suggest")
    for name, text in (("check", CHECK), ("test", TEST), ("replay", REPLAY), ("access", ACCESS), ("suggest", SUGGEST)):
        command = commands.add_parser(
            name,
            help=text.splitlines()[0],
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.add_argument(
            "--policies", type=Path, default=Path("policies"), help="the folder that holds access/ and roles/"
        )
        command.add_argument("--json", action="store_true", help="print one JSON document instead of lines")
    command = commands.choices["replay"]
    command.add_argument("--events", required=True, help="the file of events; - reads standard input")
    command.add_argument("--base", type=Path, help="compare with these policies instead of the outcome on record")
    command.add_argument("--markdown", action="store_true", help="print a comment for a pull request")
    command.add_argument("--fail-on", type=_kinds, default=frozenset(), help=f"of {', '.join(CHANGES)}")
    return parser


def check_files(policies: Path, *, as_json: bool) -> int:
    """Print the complaints."""
    found = [replace(one, file=normpath(policies / "access" / one.file)) for one in complaints_of(policies)]
    if as_json:
        _print(
            json.dumps([{name: getattr(one, name) for name in ("file", "line", "level", "message")} for one in found])
        )
    else:
        count = len(list((policies / "access").glob("*.cedar")))
        _print(*map(str, found), f"{count} policy files checked, {len(found)} complaint(s).")
    return int(any(one.level == "error" for one in found))


FROM_FACTS = {"access": access_report.report, "suggest": suggest.suggestion}


def answer_facts(command: str, policies: Path) -> int:
    """Print what the facts on standard input give."""
    try:
        _print(json.dumps(FROM_FACTS[command](policies, json.load(sys.stdin))))
    except (BadFile, ValueError) as error:
        sys.stderr.write(f"broker policy: {error}\n")
        return 2
    return 0


def _kinds(words: str) -> frozenset[str]:
    kinds = frozenset(filter(None, words.split(",")))
    if unknown := sorted(kinds - set(CHANGES)):
        raise argparse.ArgumentTypeError(f"there is no change {unknown[0]}: choose of {', '.join(CHANGES)}")
    return kinds


def replay_events(given: argparse.Namespace) -> int:
    """Print the changes."""
    try:
        found = replay.replay(given.policies, given.events, given.base)
    except (BadFile, ValueError, OSError) as error:
        sys.stderr.write(f"broker policy: {error}\n")
        return 2
    document = found.document()
    if given.json:
        _print(json.dumps(document))
    else:
        _print(*(replay.markdown if given.markdown else replay.text)(document))
    return int(bool(given.fail_on & found.kinds()))


def run_cases(policies: Path, *, as_json: bool) -> int:
    """Print the cases that fail."""
    try:
        outcomes = run_all(policies)
    except (BadFile, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    failed = [_failure(case, got) for case, got in outcomes if not got.meets(case)]
    passed = len(outcomes) - len(failed)
    if as_json:
        _print(json.dumps({"passed": passed, "failed": failed}))
    else:
        _print(*_lines(failed), f"{passed} passed, {len(failed)} failed")
    return int(bool(failed))


def _failure(case: Case, got: Outcome) -> dict[str, str]:
    expected, seen = _said(case.expect, case.by, case.terms), _said(got.decision, got.by, _compared(case, got))
    return {"file": case.file, "name": case.name, "expected": expected, "got": seen, "detail": got.words}


def _lines(failed: list[dict[str, str]]) -> list[str]:
    lines = []
    for told in failed:
        lines.append("{file}: {name}: expected {expected}, got {got}".format(**told))
        lines += [f"    {told['detail']}"] if told["detail"] else []
    return lines


def _compared(case: Case, got: Outcome) -> dict[str, int]:
    """The terms found, of those that the case states."""
    return {name: got.terms[name] for name in case.terms if name in got.terms}


def _said(decision: str, by: tuple[str, ...], terms: Mapping[str, int]) -> str:
    words = f"{decision} by {', '.join(by)}" if by else decision
    return " ".join([words, *(f"{name}={value}" for name, value in terms.items())])


def _print(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
