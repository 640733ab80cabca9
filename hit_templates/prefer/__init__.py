"""Which of two to four pictures is best, worst, or the odd one out?"""
