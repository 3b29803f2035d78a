"""Stands in for msgspec's description of types, which only its JSON Schema reads: see `_json_schema` beside it."""


def __getattr__(name: str) -> object:
    """Name what is missing, if code begins to use it."""
    raise AttributeError(
        f"msgspec.inspect.{name} is left out of the package: see lambda_package/stand_ins/msgspec/inspect.py"
    )
