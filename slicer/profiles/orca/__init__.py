"""OrcaSlicer's and Bambu Studio's presets, read until nothing is left to inherit."""
