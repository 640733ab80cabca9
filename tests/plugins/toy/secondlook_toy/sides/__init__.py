"""Which of two images is the original, and how sure are you?"""
