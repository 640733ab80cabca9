"""Small faults planted in what must not fail, and which of them the tests see."""
