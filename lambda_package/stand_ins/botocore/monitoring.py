"""Stands in for client-side monitoring, which reports every call to a local agent. Lambda has no such agent."""


def __getattr__(name: str) -> object:
    """Name what is missing, if it is turned on (AWS_CSM_ENABLED)."""
    raise ImportError(f"botocore.monitoring.{name} is left out of the package: see lambda_package/stand_ins/botocore")
