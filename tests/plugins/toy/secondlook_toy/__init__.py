"""One of everything that a package can bring."""
