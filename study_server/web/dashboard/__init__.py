"""The pages of a researcher: studies, quality, previews, the blinded check."""
