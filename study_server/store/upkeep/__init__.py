"""What a server does by itself: whose turn it is, and whose names are not needed."""
