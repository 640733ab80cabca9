"""What a researcher looks at while a study runs."""
