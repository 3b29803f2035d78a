"""The Chalice app: names the doors, decides nothing."""

from chalicelib.handlers.doors import Doors

app = Doors(
    "access-broker",
    "public",
    "callers",
    "roles",
    "credentials",
    "console_links",
    "explain",
    "role_changes",
    "users",
    "sessions",
    "revocations",
    "requests",
    "grants",
    "reviews",
    "expire",
    "slack",
    "chat",
    "notify",
    "audit_reading",
    "provision",
    "audit",
    "trail",
    "cleanup",
)
app.api.cors = False
app.api.binary_types = []
