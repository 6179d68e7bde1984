"""Slicers' command lines: how each is found, asked, watched and believed."""
