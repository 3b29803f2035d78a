"""Services of insight, made when first used."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.access.wiring import POLICIES, rights
from chalicelib.core.wiring import refusals, settle

if TYPE_CHECKING:
    from chalicelib.insight.services.catalogue_facts import CatalogueFacts
    from chalicelib.insight.services.role_usage import RoleUsage


@cache
def catalogue_facts() -> CatalogueFacts:
    """The service behind GET /v1/catalogue."""
    from chalicelib.insight.services.catalogue_facts import CatalogueFacts

    return CatalogueFacts(rights=rights(), refusals=refusals())


@cache
def role_usage() -> RoleUsage:
    """The service behind GET /v1/roles/{name}/usage."""
    import json

    from chalicelib.core.aws.clients import client
    from chalicelib.explain.wiring import iam_facts, role_browser
    from chalicelib.insight.aws.last_accessed import IamLastAccessed
    from chalicelib.insight.domain.usage import actions_of
    from chalicelib.insight.services.role_usage import RoleUsage, Sources
    from chalicelib.sessions.wiring import activity, session_browser

    sources = Sources(
        log=activity().log,
        iam=iam_facts(),
        last_accessed=IamLastAccessed(client("iam"), settle),
        actions=actions_of(json.loads((POLICIES / "service-authorization.json").read_text())),
    )
    return RoleUsage(
        rights=rights(), roles=role_browser(), sessions=session_browser(), refusals=refusals(), sources=sources
    )
