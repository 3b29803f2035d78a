"""The environment of the shell that starts a local run, without the settings that the run must not use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping

KEPT = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION"})
"""A package is made for a region (lambda_package.project.region): no file and no key is needed to know it."""

LOOPBACK = ("127.0.0.1", "localhost")


def forget_account(environ: MutableMapping[str, str]) -> None:
    """Take every AWS setting out of this environment, so that no child inherits one.

    A profile that `. .local/env` named is gone after `make down`, and a key or
    an endpoint of the shell would lead to another AWS than the embedded one.
    """
    from lambda_package.project import NO_ACCOUNT  # noqa: PLC0415  the embedded AWS, which packs nothing, starts sooner

    for name in [name for name in environ if name.startswith("AWS_") and name not in KEPT]:
        del environ[name]
    environ.update(NO_ACCOUNT)


def reach_loopback(environ: MutableMapping[str, str]) -> None:
    """Add the loopback addresses to no_proxy, so that no proxy is used for this machine. Other entries stay."""
    said = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if said.strip() == "*":
        return
    named = [name for name in said.split(",") if name]
    value = ",".join([*named, *(name for name in LOOPBACK if name not in named)])
    environ.update({"no_proxy": value, "NO_PROXY": value})
