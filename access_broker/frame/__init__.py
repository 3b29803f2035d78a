"""Settings, connection and option groups that commands share."""
