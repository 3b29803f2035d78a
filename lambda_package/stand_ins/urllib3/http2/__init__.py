"""Stands in for urllib3's switch to HTTP/2, which is never used here: it imports importlib.metadata, and that a lot.

`probe`, beside it, is what connections use.
"""
