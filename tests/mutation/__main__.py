"""`make mutate`: change the deciding code of the domain, one place at a time, and see a test fail for each change.

A change that no test notices survives. survivors.yaml lists those that may, with the reason; any other one fails.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest
import yaml

from tests.mutation.mutants import mutants
from tests.mutation.session import Mutation

DOMAIN = [
    "chalicelib/access/domain/admission.py",
    "chalicelib/access/domain/cedar_documents.py",
    "chalicelib/access/domain/nearest.py",
    "chalicelib/access/domain/rule_files.py",
    "chalicelib/access/domain/rules.py",
    "chalicelib/access/domain/terms.py",
    "chalicelib/approvals/domain/approvals.py",
    "chalicelib/approvals/domain/filings.py",
    "chalicelib/approvals/domain/grants.py",
    "chalicelib/approvals/domain/requests.py",
    "chalicelib/cleanup/domain/marks.py",
    "chalicelib/cleanup/domain/staleness.py",
    "chalicelib/cleanup/domain/verdicts.py",
    "chalicelib/sessions/domain/revocation.py",
    "chalicelib/sessions/domain/revocation_policy.py",
    "chalicelib/sessions/domain/revocation_room.py",
]
FEATURES = (
    "access",
    "accounts",
    "approvals",
    "audit",
    "chat",
    "cleanup",
    "core/domain",
    "explain",
    "insight",
    "sessions",
)
SCRATCH = Path(".build/mutation")
PYTEST = ["-q", "-s", "-p", "no:cacheprovider", f"--basetemp={SCRATCH}"]
SURVIVORS = Path(__file__).with_name("survivors.yaml")
Names = set[tuple[str, str, str]]


def main() -> int:
    """0 where the survivors are exactly those listed."""
    options = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    options.add_argument("files", nargs="*", default=DOMAIN, help="source files (default: all of them)")
    options.add_argument("--jobs", type=int, default=2, help="mutants at once")
    given = options.parse_args()
    every = [mutant for file in given.files for mutant in mutants(file)]
    mutation = Mutation(every, given.jobs, tell)
    SCRATCH.parent.mkdir(exist_ok=True)
    pytest.main([*PYTEST, *(f"tests/unit/{feature}" for feature in FEATURES)], plugins=[mutation])
    return report(mutation, known(set(given.files)))


def known(files: set[str]) -> Names:
    """The survivors of these files that are listed with a reason."""
    listed = yaml.safe_load(SURVIVORS.read_text())
    return {
        (file, scope, change)
        for file, scopes in listed.items()
        if file in files
        for scope, reasons in scopes.items()
        for change in reasons
    }


def report(mutation: Mutation, listed: Names) -> int:
    """Tell the counts, and what is not as listed."""
    survivors = {mutant.name for mutant in mutation.survivors}
    for file, scope, change in sorted(survivors - listed):
        tell(f"survives without a reason: {file}: {scope}: {change}")
    for file, scope, change in sorted(listed - survivors):
        tell(f"listed, but killed or gone: {file}: {scope}: {change}")
    tell(f"{len(mutation.killed)} mutants killed, {len(survivors)} survive, {len(listed)} are listed with a reason")
    complete = len(mutation.killed) + len(mutation.survivors) == len(mutation.mutants)
    return 0 if complete and survivors == listed else 1


def tell(line: str) -> None:
    """A line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
