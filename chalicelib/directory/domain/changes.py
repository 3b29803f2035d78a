"""The difference between what the table holds of callers and what IAM tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.access.domain.facts import Facts


@dataclass(frozen=True, slots=True)
class Changes:
    """Rows to write, and unique ids of callers that are gone."""

    put: tuple[Facts, ...] = ()
    remove: tuple[str, ...] = ()


def changes(known: Mapping[str, Facts], seen: Mapping[str, Facts]) -> Changes:
    """By unique id: a deleted and recreated namesake is one caller gone and another one new."""
    put = tuple(facts for unique_id, facts in seen.items() if known.get(unique_id) != facts)
    return Changes(put, tuple(unique_id for unique_id in known if unique_id not in seen))
