"""The portal: a page on loopback that speaks the broker's HTTP contract as the caller."""
