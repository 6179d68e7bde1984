"""Cura's presets, read until nothing is left to inherit."""
