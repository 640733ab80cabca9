"""From a bundle of responses to numbers, figures and a report."""
