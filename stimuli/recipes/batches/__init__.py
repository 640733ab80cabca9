"""What recipes do with a batch of images, whatever kind of set they make."""
