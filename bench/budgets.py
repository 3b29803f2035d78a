"""The budget gate: `python -m bench.budgets` fails where a count passes its budget in budgets.json.

Modules and bytes, not time: they are the same on every machine, and a cold
start grows with them.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lambda_package
from access_broker.portal.files import STATIC
from bench import client
from bench.cold import short_name
from bench.driving import driven
from bench.processes import canned_aws
from bench.trees import unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUDGETS = Path(__file__).with_name("budgets.json")


def passed(budgets: Mapping[str, Any], package_bytes: int, modules: Mapping[str, int]) -> Iterator[str]:
    """A sentence for each budget that is passed, and for each function that has none."""
    most = budgets["package_bytes"]["at_most"]
    if package_bytes > most:
        yield f"the package has {package_bytes:,} bytes, {package_bytes - most:,} more than its budget"
    for function, count in sorted(modules.items()):
        budget = budgets["modules"].get(function)
        if budget is None:
            yield f"{function} has no budget yet; it imports {count} modules"
        elif count > budget["at_most"]:
            yield f"{function} imports {count} modules, {count - budget['at_most']} more than its budget"


def page_too_large(budgets: Mapping[str, Any], folder: Path = STATIC) -> Iterator[str]:
    """A sentence if the files of the portal's page pass their budget."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    most = budgets["portal_page_bytes"]["at_most"]
    if size > most:
        yield f"the portal's page has {size:,} bytes, {size - most:,} more than its budget"


def imported(package: Path, template: Path) -> dict[str, int]:
    """How many modules each function, and the broker command, has imported when its first answer is out."""
    with tempfile.TemporaryDirectory() as directory, canned_aws(0) as environment:
        scratch = Path(directory)
        trees = unpacked(package, template, scratch)
        functions = {
            short_name(handler): driven(trees.packed, handler, environment, scratch).modules
            for handler in trees.handlers
        }
        return {**functions, **client.modules(scratch)}


def main() -> int:
    """Judge the package of this checkout, made for this machine, on which its modules are counted."""
    with tempfile.TemporaryDirectory() as directory:
        made = lambda_package.build("dev", Path(directory), lambda_package.of_this_machine())
        size, modules = made.zip.stat().st_size, imported(made.zip, made.template)
    budgets = json.loads(BUDGETS.read_text())
    failures = [*passed(budgets, size, modules), *page_too_large(budgets)]
    for sentence in failures:
        print(f"{sentence} ({BUDGETS.name} says why it is what it is)")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
