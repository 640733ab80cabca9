"""HITs and assignments: found, done, decided; Qualifications for them."""
