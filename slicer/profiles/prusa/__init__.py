"""PrusaSlicer's presets, read until nothing is left to inherit."""
