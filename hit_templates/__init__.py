"""Ways of asking, one folder per paradigm; found by walking this folder."""
