"""Forward-only, reversible steps of the tables."""
