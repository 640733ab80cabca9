"""A set's images at a public address."""
