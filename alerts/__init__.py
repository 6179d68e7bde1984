"""Tells the right person, once, with a picture."""
