"""Why a role is open to a caller or closed, layer by layer."""
