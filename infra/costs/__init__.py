"""What the installation costs at rest and a film, from a versioned price table, without a network."""
