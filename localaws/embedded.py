"""The embedded AWS in the foreground: ministack with IAM enforced and the parity rules in place."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from localaws import shell

HOST = "127.0.0.1"
REGION = "us-east-1"


def main() -> None:
    """Serve until SIGTERM, or with --while-stdin-is-open until the process that started it has ended."""
    options = _options()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(environment(options.port, options.directory.resolve()))
    shell.reach_loopback(os.environ)
    if options.while_stdin_is_open:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    # ministack reads its environment when imported.
    from ministack import app  # noqa: PLC0415

    from localaws import aging, parity, sign_in, slack  # noqa: PLC0415

    parity.install()
    aging.install()
    sign_in.start(options.directory, f"http://{HOST}:{options.port}")
    slack.start(options.directory)
    sys.argv = ["ministack"]
    app.main()


def environment(port: int, directory: Path) -> dict[str, str]:
    """The environment of ministack and of the functions it starts. They write to `directory` only."""
    scratch = directory / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    return {
        "AUTH": "true",
        "CLOUDTRAIL_RECORDING": "1",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "MINISTACK_REGION": REGION,
        "TMPDIR": str(scratch),
        "STATE_DIR": str(directory / "state"),
        "S3_DATA_DIR": str(directory / "s3"),
        # It would otherwise tidy up containers on the developer's machine.
        "DOCKER_HOST": f"unix://{directory / 'no-docker.sock'}",
        # The functions inherit the environment: never the developer's own AWS settings.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # GET /health answers it, so that the process that started this one can recognise it.
        "MINISTACK_EDITION": edition(directory),
        # Listeners on fixed ports that nothing here needs.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }


def edition(directory: Path) -> str:
    """The name of the embedded AWS that works in `directory`."""
    return f"access-broker {directory}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m localaws.embedded", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--while-stdin-is-open", action="store_true")
    return parser.parse_args()


def _end_with_stdin() -> None:
    """A pipe closes when its writer ends, even after SIGKILL."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
