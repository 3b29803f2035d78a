"""Who may have which role: Cedar rules, the catalogue of roles, callers as IAM knows them."""
