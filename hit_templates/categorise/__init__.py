"""Which of n is it? One picture, a grid of categories, optionally for a moment."""
