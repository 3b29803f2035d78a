"""The package that is deployed: the embedded AWS gets what a real account gets."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import lambda_package
from lambda_package.project import BUILD, CHECKOUT
from localaws.failures import StepFailed

if TYPE_CHECKING:
    from pathlib import Path

    from lambda_package import Target

__all__ = ["BUILD", "CHECKOUT", "package", "runs_here"]


def package(output: Path, stage: str = "dev", target: Target | None = None) -> Path:
    """Write sam.json and deployment.zip to `output`, exactly as they go to AWS. Raises StepFailed.

    Without a target the package is built for this machine and this Python, in which the embedded AWS runs functions.
    """
    try:
        lambda_package.build(stage, output, target or lambda_package.of_this_machine())
    except lambda_package.PackagingFailed as failure:
        raise StepFailed("packaging", failure.detail, failure.log or BUILD / "package.log") from failure
    return output


def runs_here() -> bool:
    """True if this machine can run a Lambda package: Linux on x86_64 or arm64."""
    return platform.system() == "Linux" and platform.machine() in {"x86_64", "aarch64"}
