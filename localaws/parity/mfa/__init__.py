"""Rules of multi-factor authentication: devices, codes, and what a session knows of them."""
