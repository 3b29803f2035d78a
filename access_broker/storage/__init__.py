"""Files and keyrings on the user's computer."""
