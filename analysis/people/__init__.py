"""Who took part, how they did, who was left out and why."""
