"""Stands in for client-side monitoring, which tells a local agent of every call: nobody runs one in Lambda."""


def __getattr__(name: str) -> object:
    """Name what is missing, for whoever turns it on (AWS_CSM_ENABLED)."""
    raise ImportError(f"botocore.monitoring.{name} is left out of the package: see lambda_package/stand_ins/botocore")
