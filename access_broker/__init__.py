"""The `broker` command: everything a person or a program asks of the broker, over HTTP."""

__version__ = "0.1.0"
