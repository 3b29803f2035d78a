"""One step of a flow: a function of the broker answers one event, and reports which of its files took part.

Run by flows.py in a process of its own, in the root of a checkout. It names no
file of chalicelib but the wiring, so it counts every layout in the same way.
"""

from __future__ import annotations

import ast
import io
import json
import os
import subprocess
import sys
import threading
from importlib import import_module
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import CodeType, FrameType

TREE = Path.cwd()
LIBRARY = TREE / "chalicelib"
BESIDE = {"expire", "prune_revocations"}
"""Other work of a clean-up run, which is not about the stale role: not counted."""

called: set[str] = set()
invoked: list[dict[str, Any]] = []


def watch(frame: FrameType, happened: str, _argument: object) -> None:
    """Note the file of every function of ours that is called."""
    if happened == "call" and does_work(frame.f_code):
        called.add(frame.f_code.co_filename)


def does_work(code: CodeType) -> bool:
    """Neither wiring, which makes objects, nor a constructor, nor the body of a module or class that is imported."""
    path = Path(code.co_filename)
    ours = "chalicelib" in path.parts and not path.name.startswith("wiring")
    return ours and bool(code.co_flags & CO_OPTIMIZED) and code.co_name != "__init__"


def relative(paths: set[str]) -> set[str]:
    """Names as they stand in the checkout, without __init__.py."""
    names = {str(Path(path).resolve().relative_to(TREE)) for path in paths}
    return {name for name in names if name.startswith("chalicelib/") and not name.endswith("__init__.py")}


def loaded() -> set[str]:
    """The files of chalicelib's modules that are imported by now."""
    return {str(module.__file__) for name, module in sys.modules.items() if name.startswith("chalicelib.")}


def app() -> tuple[str, str, list[str]]:
    """From app.py: the module and the class of the Chalice app, and the modules that it registers."""
    tree = ast.parse((TREE / "app.py").read_text())
    origin = next(node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module != "__future__")
    call = next(node for node in ast.walk(tree) if isinstance(node, ast.Call))
    names = [str(argument.value) for argument in call.args if isinstance(argument, ast.Constant)]
    return str(origin.module), origin.names[0].name, names[1:]


def registered() -> dict[str, Path]:
    """Each registered module's file, by its name in app.py: below chalicelib, once below chalicelib/handlers."""
    places = {name: f"{name.replace('.', '/')}.py" for name in app()[2]}
    roots = (LIBRARY, LIBRARY / "handlers")
    return {name: next(at / place for at in roots if (at / place).exists()) for name, place in places.items()}


def registered_with(text: str) -> str:
    """The registered module whose source holds the text."""
    return next(name for name, path in registered().items() if text in path.read_text())


def over_http(event: dict[str, Any]) -> Any:
    """The API's answer. As in the package, only the module of this route is registered."""
    origin, kind, names = app()
    module = import_module(origin)
    routes = json.dumps({event["resource"]: [registered_with(f'"{event["resource"]}"')]})
    vars(module)["ROUTES"] = SimpleNamespace(exists=lambda: True, read_text=lambda: routes)
    return getattr(module, kind)("access-broker", *names)(event, None)


def by_name(function: str, event: dict[str, Any]) -> Any:
    """The answer of a function that is not reached over HTTP."""
    path = registered()[registered_with(f'name="{function}"')]
    module = import_module(".".join(path.relative_to(TREE).with_suffix("").parts))
    return getattr(module, function)(event, SimpleNamespace(aws_request_id="request-1"))


def invoke(parameters: dict[str, Any]) -> dict[str, Any]:
    """Lambda's Invoke: another step, in a process of its own."""
    event = json.loads(parameters["Payload"])
    step = json.dumps({"function": parameters["FunctionName"], "event": event})
    command = [sys.executable, __file__]
    done = subprocess.run(command, input=step, capture_output=True, text=True, check=True, env=os.environ)
    told = json.loads(done.stdout.splitlines()[-1])
    if not {parameters["FunctionName"], event.get("action")} & BESIDE:
        invoked.append(told)
    return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(told["answer"]).encode())}


def intercept_invoke() -> None:
    """Functions call each other here: moto would want Docker for it."""
    from botocore.client import BaseClient  # noqa: PLC0415  after sys.path names the checkout

    client: Any = BaseClient
    real = client._make_api_call  # noqa: SLF001  every call of every client passes here

    def call(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        return invoke(parameters) if operation == "Invoke" else real(self, operation, parameters)

    client._make_api_call = call  # noqa: SLF001


def main() -> None:
    """Take the step that standard input describes."""
    step = json.loads(sys.stdin.read())
    sys.path.insert(0, str(TREE))
    intercept_invoke()
    threading.setprofile(watch)
    sys.setprofile(watch)
    answer = over_http(step["event"]) if step["function"] == "api" else by_name(step["function"], step["event"])
    sys.setprofile(None)
    files = {"called": relative(called), "loaded": relative(loaded())}
    union = {kind: sorted(found.union(*(one[kind] for one in invoked))) for kind, found in files.items()}
    sys.stdout.write(json.dumps({**union, "answer": answer}, default=str) + "\n")


if __name__ == "__main__":
    main()
