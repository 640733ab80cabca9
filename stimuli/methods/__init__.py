"""What is done to an image with a classifier; one module is one method."""
