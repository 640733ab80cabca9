"""Is a class, or one of several, relevant for an image?"""
