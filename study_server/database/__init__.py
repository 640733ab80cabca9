"""What the study server's and the marketplace's databases share."""
