"""Plain G-code of every slicer: what stands in its comments, and whether it is sound."""
