"""What a server does by itself."""
