"""What a report is made of: sections, tables, figures, words."""
