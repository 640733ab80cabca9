"""Routes and forms: read, do, answer. No SQL and no recruiter's name."""
