"""Print files: what is in one, whether it may be trusted, and which printer it fits."""
