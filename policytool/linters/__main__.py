"""Part of `make check`: python -m policytool.linters TEMPLATE...

Each finding is mended, or stands in policies/linters.json with the reason why not.
The tools do not install beside our pins, nor beside each other, so each has an
environment under .build, made once. Unchanged files are not examined again.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PLACE = Path(".build/linters")
TOOLS = {"checkov": "3.3.30", "cloudsplaining": "0.9.1"}
REASONS = Path("policies/linters.json")
POLICIES = ("policies/lambda/*.json", "policies/deployer*.json", "policies/functions-boundary.json")
VALUES = {"Partition": "aws", "AccountId": "123456789012", "Region": "us-east-1", "StackName": "access-broker-dev"}


def main(templates: list[str]) -> int:
    """Print what was found without a reason, and reasons without a finding; 1 if there is any."""
    files = [Path(one) for one in templates]
    policies = [file for pattern in POLICIES for file in sorted(Path().glob(pattern))]
    reasons = json.loads(REASONS.read_text())
    wrong = [
        *_unexplained("checkov", _once("checkov", files, _checkov), reasons["checkov"]),
        *_unexplained("cloudsplaining", _once("cloudsplaining", policies, _cloudsplaining), reasons["cloudsplaining"]),
    ]
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    return 1 if wrong else 0


def _unexplained(tool: str, found: dict[str, str], reasons: dict[str, str]) -> list[str]:
    new = [f"{tool}: {key}: {found[key]}" for key in sorted(found.keys() - reasons.keys())]
    return new + [f"{tool}: {key} is found no more: take it out of {REASONS}" for key in sorted(reasons.keys() - found)]


def _once(tool: str, files: list[Path], run: Callable[[Path, list[Path]], dict[str, str]]) -> dict[str, str]:
    """The findings in these files: of an earlier run if neither they nor the tool changed."""
    digest = hashlib.sha256(TOOLS[tool].encode() + Path(__file__).read_bytes())
    for file in files:
        digest.update(str(file).encode() + file.read_bytes())
    kept = PLACE / f"{tool}-{digest.hexdigest()[:32]}.json"
    if not kept.exists():
        found = run(_environment(tool), files)
        for old in PLACE.glob(f"{tool}-*.json"):
            old.unlink()
        kept.write_text(json.dumps(found))
    return dict(json.loads(kept.read_text()))


def _environment(tool: str) -> Path:
    """The Python of the tool's own environment; made where it is missing."""
    place = PLACE / f"{tool}-{TOOLS[tool]}"
    python = place / "bin" / "python"
    if not (place / "ready").exists():
        sys.stdout.write(f"-> installing {tool} {TOOLS[tool]} into {place} (once)\n")
        sys.stdout.flush()
        venv.create(place, with_pip=True, clear=True)
        pinned = f"{tool}=={TOOLS[tool]}"
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", pinned]
        with (PLACE / f"{tool}.log").open("w") as log:
            done = subprocess.run(install, stdout=log, stderr=log, check=False)
        if done.returncode:
            raise SystemExit(f"installing {tool} failed: see {PLACE / tool}.log")
        (place / "ready").touch()
    return python


def _checkov(python: Path, files: list[Path]) -> dict[str, str]:
    named = [word for file in files for word in ("-f", str(file))]
    command = [
        str(python.parent / "checkov"),
        "--framework",
        "cloudformation",
        "--skip-download",
        "--output",
        "json",
        *named,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    if told.get("summary", {}).get("parsing_errors", 1):
        raise SystemExit(f"checkov could not read {', '.join(map(str, files))}")
    failed = told["results"]["failed_checks"]
    by_check: dict[str, list[str]] = {}
    for one in failed:
        by_check.setdefault(one["check_id"], [one["check_name"]]).append(one["resource"].split(".")[-1])
    return {check: f"{name} ({', '.join(sorted(where))})" for check, (name, *where) in by_check.items()}


def _cloudsplaining(python: Path, files: list[Path]) -> dict[str, str]:
    documents = {file.stem: resolved(json.loads(file.read_text())) for file in files}
    scan = [str(python), str(Path(__file__).with_name("cloudsplaining_scan.py"))]
    done = subprocess.run(scan, input=json.dumps(documents), capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def resolved(value: Any) -> Any:
    """The document with CloudFormation's functions replaced by some value of their form."""
    if isinstance(value, list):
        return [resolved(one) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Fn::If"}:
        return resolved(value["Fn::If"][1])
    if set(value) == {"Fn::Sub"}:
        return re.sub(r"\$\{(?:AWS::)?([\w.]+)\}", lambda found: VALUES.get(found[1], found[1]), value["Fn::Sub"])
    if set(value) in ({"Ref"}, {"Fn::GetAtt"}):
        return f"arn:aws:sqs:us-east-1:123456789012:{json.dumps(value)[-20:]}"
    return {name: resolved(one) for name, one in value.items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
