"""What people see of a stimulus set: contact sheets."""
