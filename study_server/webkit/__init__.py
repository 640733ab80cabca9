"""What both web applications share of Flask; it knows no study and no HIT."""
