"""From a model of the library to a print file of the library, by a real slicer."""
