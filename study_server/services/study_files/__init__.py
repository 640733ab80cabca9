"""The file a study begins with: written, read, checked."""
