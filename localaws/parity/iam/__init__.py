"""Rules of IAM: what a request is about, and what IAM refuses to store or delete."""
