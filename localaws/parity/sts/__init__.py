"""Rules of STS: who may take which session, and what a session carries."""
