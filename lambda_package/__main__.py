"""`make package`: python -m lambda_package OUT --stage dev --architecture x86_64."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lambda_package.building import build
from lambda_package.failures import PackagingFailed
from lambda_package.targets import Target


def main() -> int:
    """Pack, and say where and how large."""
    options = _options()
    try:
        package = build(options.stage, options.out.resolve(), Target(options.architecture))
    except PackagingFailed as failure:
        sys.stderr.write(f"packaging failed: {failure}\n")
        return 1
    sys.stdout.write(f"{package.zip} ({package.zip.stat().st_size:,} bytes)\n{package.template}\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lambda_package", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--stage", default="dev")
    parser.add_argument("--architecture", choices=("x86_64", "arm64"), default="x86_64")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
