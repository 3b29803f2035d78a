"""Role templates and what applying them changes."""
