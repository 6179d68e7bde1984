"""Slicer presets with nothing left to inherit: read from exports and from installed slicers."""
