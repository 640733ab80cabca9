"""Sources of participants."""
