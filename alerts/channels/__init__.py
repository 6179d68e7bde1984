"""Ways out of the farm, one module or folder each."""
