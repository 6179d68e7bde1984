"""Answers to what clients publish on the request topic."""
