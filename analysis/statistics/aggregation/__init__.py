"""Many responses to one value per trial."""
