"""Studies as bundles: our own out, those of others in."""
