"""Role sessions: issue, browse, revoke, and review break-glass."""
