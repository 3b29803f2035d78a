"""access-broker: everything that is deployed to Lambda."""
