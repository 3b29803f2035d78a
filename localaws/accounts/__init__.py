"""Member accounts of the embedded AWS: the organisation, templates deployed into an account, and its events."""
