"""The audit log: hash chain, delivery, reading, and detection of sessions that bypassed the broker."""
