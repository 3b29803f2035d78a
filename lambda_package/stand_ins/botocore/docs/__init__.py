"""Stands in for the package that writes boto3's reference pages: a fifth of the time boto3 takes to start.

Clients need `docstring` and `utils` from here, and nothing else of it.
"""
