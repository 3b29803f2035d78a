"""Services and clients of access, made when first used."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.core.wiring import clock, config, refusals

if TYPE_CHECKING:
    from chalicelib.access.domain.rules import AccessRules
    from chalicelib.access.services.authentication import Authentication
    from chalicelib.access.services.catalogue import Catalogue
    from chalicelib.access.services.principals import Principals
    from chalicelib.access.services.rights import Rights

POLICIES = Path(__file__).parent.parent.parent / "policies"
"""Beside app.py, in the checkout as in the package (vendor/policies links there)."""

CACHE_SECONDS = 60
"""How long a container trusts what it read of a caller or a role."""


@cache
def rules() -> AccessRules:
    """The access policies of this package, read once; packaging adds them parsed (lambda_package/access_rules.py)."""
    from chalicelib.access.domain.compiled_rules import load_compiled
    from chalicelib.access.domain.rules import load_rules

    texts = {path.name: path.read_text() for path in (POLICIES / "access").glob("*.cedar")}
    compiled = POLICIES / "access.json"
    return load_compiled(compiled.read_text(), texts) if compiled.exists() else load_rules(texts)


@cache
def principals() -> Principals:
    """IAM, read only, remembered for a minute."""
    from chalicelib.access.aws.principals import IamPrincipals
    from chalicelib.access.services.principals import CachedPrincipals
    from chalicelib.core.aws.clients import client

    return CachedPrincipals(IamPrincipals(client("iam")), clock, CACHE_SECONDS)


@cache
def catalogue() -> Catalogue:
    """The roles, remembered for a minute."""
    from chalicelib.access.aws.catalogue import TableCatalogue
    from chalicelib.access.services.catalogue import CachedCatalogue
    from chalicelib.core.aws.clients import client

    return CachedCatalogue(TableCatalogue(client("dynamodb"), config().table), clock, CACHE_SECONDS)


@cache
def authentication() -> Authentication:
    """The first step of every signed request."""
    from chalicelib.access.services.authentication import Authentication

    return Authentication(principals=principals(), policy_set=rules().digest, refusals=refusals)


@cache
def rights() -> Rights:
    """Who may look at and end what is not theirs."""
    from chalicelib.access.services.rights import Rights

    return Rights(rules=rules(), catalogue=catalogue(), clock=clock)
