"""Services of insight, made when first used."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.access.wiring import rights
from chalicelib.core.wiring import refusals

if TYPE_CHECKING:
    from chalicelib.insight.services.catalogue_facts import CatalogueFacts


@cache
def catalogue_facts() -> CatalogueFacts:
    """The service behind GET /v1/catalogue."""
    from chalicelib.insight.services.catalogue_facts import CatalogueFacts

    return CatalogueFacts(rights=rights(), refusals=refusals())
