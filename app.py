"""The Chalice app: names the handlers, decides nothing."""

from chalicelib.core.handlers.lazy_app import LazyChalice

app = LazyChalice(
    "access-broker",
    "contract.handlers.public",
    "access.handlers.whoami",
    "explain.handlers.roles",
    "sessions.handlers.credentials",
    "sessions.handlers.console_links",
    "explain.handlers.explain",
    "provisioning.handlers.roles",
    "provisioning.handlers.users",
    "provisioning.handlers.me",
    "sessions.handlers.sessions",
    "sessions.handlers.revocations",
    "approvals.handlers.requests",
    "sessions.handlers.grants",
    "sessions.handlers.reviews",
    "sessions.handlers.expire_function",
    "chat.handlers.slack",
    "chat.handlers.function",
    "chat.handlers.notify_function",
    "audit.handlers.read",
    "provisioning.handlers.function",
    "audit.handlers.function",
    "audit.handlers.trail_function",
    "cleanup.handlers.function",
    "accounts.handlers.accounts",
    "directory.handlers.callers",
    "directory.handlers.suspensions",
    "directory.handlers.function",
    "insight.handlers.catalogue",
    "insight.handlers.usage",
)
app.api.cors = False
app.api.binary_types = []
