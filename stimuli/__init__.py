"""Stimuli: what people are shown, made offline from a classifier.

Kept empty on purpose: importing it must not import torch.
"""
