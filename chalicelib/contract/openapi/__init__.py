"""GET /openapi.json, made of the code's own types and of one table entry per route.

A new route is one entry in the table of its topic (access, approvals,
records, provisioning, public); tests/adapters/contract/test_openapi.py holds the tables
to the app and every answer of the adapter tests to the document. Nothing here
is imported before the document is requested.
"""
