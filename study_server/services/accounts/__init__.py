"""Who may use the dashboard, and what they did there."""
