"""Images with labels, and everything that lies beside them."""
