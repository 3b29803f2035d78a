"""Member accounts of the embedded AWS: made in its organisation, furnished by CloudFormation, heard through events."""
