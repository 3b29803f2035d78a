"""What the product does. Talks to the world through domain.ports only."""
