"""Stands in for Cedar's typed syntax tree: fifty dataclasses that cedarpy makes at import and that are not used here.

`policies_to_pst`, which would build one, fails here and says so.
"""


def __getattr__(name: str) -> object:
    """Name what is missing, if code begins to use it."""
    raise ImportError(f"cedarpy.pst.{name} is left out of the package: see lambda_package/stand_ins/cedarpy/pst.py")
