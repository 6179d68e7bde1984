"""Models to slice: are they sound, how large are they, what do they look like."""
