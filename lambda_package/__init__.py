"""The package that is deployed: Chalice's zip, trimmed to what is used, compiled, the same bytes every time.

`build` is the entry point of `make package`, the embedded AWS, the tests
and the benchmarks. docs/package.md says what is left out and why.
"""

from lambda_package.building import Package, build
from lambda_package.failures import PackagingFailed
from lambda_package.targets import Target, of_this_machine

__all__ = ["Package", "PackagingFailed", "Target", "build", "of_this_machine"]
