"""Runs the checks: each fact is gathered once, and what cannot be gathered says so in every check that needs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from access_broker.doctor.checks import MODULES
from access_broker.doctor.model import CHECKS, CannotLook, Finding, NotHere
from access_broker.failures import Failure, Misused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from access_broker.doctor.model import Check

FAILED, CANNOT_LOOK = 1, 2
"""Exit codes; 0 where all is well."""


@dataclass(slots=True)
class Facts:
    """Facts by name, gathered when first asked for."""

    gatherers: Mapping[str, Callable[[], Any]]
    _kept: dict[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """The fact, or raises what its gathering raised."""
        if name not in self._kept:
            self._kept[name] = self._gathered(name)
        if isinstance(self._kept[name], Exception):
            raise self._kept[name]
        return self._kept[name]

    def _gathered(self, name: str) -> Any:
        try:
            return self.gatherers[name]()
        except Misused:
            raise  # a wrong --stack spoils every check
        except (CannotLook, NotHere) as reason:
            return reason
        except ClientError as error:
            return CannotLook(_sentence(error))
        except (BotoCoreError, OSError, LookupError) as error:
            return CannotLook(f"{type(error).__name__}: {error}")
        except Failure as failure:
            return CannotLook(failure.sentence)


def examine(
    facts: Facts, tell: Callable[[Check], None], checks: Iterable[Check] | None = None
) -> list[tuple[Check, Finding]]:
    """Every check with its finding; `tell` hears of each check before it runs."""
    found = []
    for one in in_order() if checks is None else checks:
        tell(one)
        found.append((one, _judged(one, facts)))
    return found


def in_order() -> list[Check]:
    """Every check, module by module."""
    modules = [module.__name__ for module in MODULES]
    return sorted(CHECKS, key=lambda one: modules.index(one.judge.__module__))


def _judged(check: Check, facts: Facts) -> Finding:
    try:
        return check.judge(facts.get(check.fact))
    except NotHere as reason:
        return Finding("not here", str(reason))
    except CannotLook as reason:
        return Finding("cannot look", str(reason))


def exit_code(found: Iterable[tuple[Check, Finding]]) -> int:
    """1 on a failure, else 2 where the doctor could not look."""
    states = {finding.state for _, finding in found}
    if "failed" in states:
        return FAILED
    return CANNOT_LOOK if "cannot look" in states else 0


def _sentence(error: ClientError) -> str:
    """AWS's code and the action: its message may name more than a report should."""
    code = error.response.get("Error", {}).get("Code", "")
    return f"{error.operation_name}: {code}"
