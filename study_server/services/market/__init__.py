"""A study on a paying market: posted, collected, paid."""
