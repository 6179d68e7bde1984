"""Timelapses: frames of each print, kept with a manifest, and the video made of them."""
