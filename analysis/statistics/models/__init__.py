"""Models of responses in log odds: people and stimuli as effects, or as clusters."""
