"""Access to roles: Cedar rules, the catalogue of roles, and recognizing callers."""
