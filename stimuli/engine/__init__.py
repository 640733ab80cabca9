"""From a recipe and its images to a set on disk, checked."""
