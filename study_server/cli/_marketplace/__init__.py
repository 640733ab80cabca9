"""What the commands of the marketplace are made of."""
