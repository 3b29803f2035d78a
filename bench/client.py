"""The broker command as it is installed: kept credentials, and `--version`, against boto3 with a client made.

A venv of its own holds the package with its bytecode and pip's console script; a second one sees everything of this
environment beside it, pydantic and its like included. All programs start as a person's do, with `site`.
"""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sysconfig
import venv
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.driving import warm_bytecode
from bench.noise import interleaved, ratio
from bench.processes import CHECKOUT, SITE_PACKAGES, ChildFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.noise import Figure

SCRIPT = """#!{python}
import sys
from access_broker.main import main
if __name__ == '__main__':
    sys.argv[0] = sys.argv[0].removesuffix('.exe')
    sys.exit(main())
"""

COUNTED = """import sys
from access_broker.main import main
sys.argv = ["broker", *sys.argv[1:]]
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak, *sys.modules, file=sys.stderr)
"""

KEPT = """import json, os
from datetime import UTC, datetime, timedelta
from access_broker.credentials.obtain import cache_key
from access_broker.credentials.role_ask import RoleAsk
from access_broker.credentials.role_credentials import RoleCredentials
from access_broker.output.times import rfc3339
from access_broker.settings import find_settings
from access_broker.storage.credential_stores import Files
from access_broker.storage.vault import cache_directory
now = datetime.now(UTC)
kept = RoleCredentials("ec2-full", "0" * 26, "ASIA", "secret", "t" * 800, rfc3339(now + timedelta(hours=1)), now)
key = cache_key(find_settings(None, None, None), RoleAsk("ec2-full"), os.environ)
Files(cache_directory(os.environ)).write(key, json.dumps(kept.kept()))
"""

CREDS = ("creds", "ec2-full", "--format", "process")
VERSION = ("--version",)
BOTO3 = "import boto3; boto3.client('sts', region_name='us-east-1')"


@dataclass(frozen=True, slots=True)
class Installed:
    """The command in a venv, and the environment of a person with kept credentials."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def python(self) -> Path:
        """The venv's interpreter."""
        return self.folder / "bin" / "python"

    def start(self, *words: str) -> float:
        """Run `broker`; the seconds of CPU."""
        return self._started([str(self.folder / "bin" / "broker"), *words])

    def boto3(self) -> float:
        """Import boto3 and make a client; the same."""
        return self._started([str(self.python), "-c", BOTO3])

    def counted(self, *words: str) -> tuple[int, int]:
        """The modules that a command imports, and its peak memory in kB (Linux)."""
        command = [str(self.python), "-c", COUNTED, *words]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True)
        peak, *modules = done.stderr.split()
        return len(modules), int(peak)

    def _started(self, command: list[str]) -> float:
        with subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL) as child:
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise ChildFailed(f"{command} ended with {child.returncode}")
        return usage.ru_utime + usage.ru_stime


def installed(scratch: Path, *, beside: bool) -> Installed:
    """A venv with the command; with `beside`, everything of this environment is there too."""
    folder, home = scratch / f"client-{beside}", scratch / "client-home"
    venv.create(folder, symlinks=True)
    site = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    shutil.copytree(CHECKOUT / "access_broker", f"{site}/access_broker", ignore=shutil.ignore_patterns("__pycache__"))
    if beside:
        Path(site, "beside.pth").write_text(SITE_PACKAGES)
    compileall.compile_dir(f"{site}/access_broker", quiet=2)
    script = folder / "bin" / "broker"
    script.write_text(SCRIPT.format(python=folder / "bin" / "python"))
    script.chmod(0o755)
    home.mkdir(exist_ok=True)
    found = Installed(folder, {**PERSON, "HOME": str(home), "PATH": os.environ["PATH"]})
    subprocess.run([found.python, "-c", KEPT], env=found.environment, check=True)
    return found


PERSON = {
    "AWS_ACCESS_KEY_ID": "AKIACANNEDCANNED0000",
    "AWS_SECRET_ACCESS_KEY": "s" * 40,
    "AWS_REGION": "us-east-1",
    "BROKER_URL": "https://abcdefghij.execute-api.us-east-1.amazonaws.com/api",
}


def measure(scratch: Path, rounds: int) -> dict[str, Figure | float]:
    """Both commands, with and without other packages beside them."""
    warm_bytecode()
    beside, alone = installed(scratch, beside=True), installed(scratch, beside=False)
    cases: dict[str, Callable[[], float]] = {
        "boto3": beside.boto3,
        "creds": partial(beside.start, *CREDS),
        "creds_alone": partial(alone.start, *CREDS),
        "version": partial(beside.start, *VERSION),
        "version_alone": partial(alone.start, *VERSION),
    }
    cpu = interleaved(cases, rounds)
    modules, peak = beside.counted(*CREDS)
    return {
        "cached_creds_cpu_over_boto3": ratio(cpu["creds"], cpu["boto3"]),
        "cli_cold_cpu_over_boto3": ratio(cpu["version"], cpu["boto3"]),
        "cached_creds_cpu_over_boto3_alone": ratio(cpu["creds_alone"], cpu["boto3"]),
        "cli_cold_cpu_over_boto3_alone": ratio(cpu["version_alone"], cpu["boto3"]),
        "cached_creds_rss_mb": round(peak / 1024, 1),
        "cached_creds_modules": modules,
        "cli_cold_modules": beside.counted(*VERSION)[0],
    }


def modules(scratch: Path) -> dict[str, int]:
    """The counts alone, for the budget gate."""
    found = installed(scratch, beside=True)
    return {"broker_creds": found.counted(*CREDS)[0], "broker_version": found.counted(*VERSION)[0]}
