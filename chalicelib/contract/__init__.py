"""The HTTP contract: /health, /openapi.json and the schemas behind it."""
