"""The answers of the API as types. /openapi.json is made of them.

Handlers render plain documents, so that a cold start loads none of this. That
the two agree is what tests/adapters checks, answer by answer.
"""
