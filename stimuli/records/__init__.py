"""What is said of images and trials, and how it is kept."""
