"""How often intervals cover the truth, and tests reject, over simulated studies."""
