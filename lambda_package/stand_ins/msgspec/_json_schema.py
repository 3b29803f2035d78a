"""Stands in for msgspec's JSON Schema: packaging has written /openapi.json down, and nothing else asks for one."""

from typing import Any, NoReturn

LEFT_OUT = "is left out of the package: see lambda_package/stand_ins/msgspec/_json_schema.py"


def schema(*_types: Any, **_options: Any) -> NoReturn:
    """Name what is missing, if code begins to use it."""
    raise NotImplementedError(f"msgspec.json.schema {LEFT_OUT}")


def schema_components(*_types: Any, **_options: Any) -> NoReturn:
    """Name what is missing, if code begins to use it."""
    raise NotImplementedError(f"msgspec.json.schema_components {LEFT_OUT}")
