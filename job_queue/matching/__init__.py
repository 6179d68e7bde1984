"""Which job may go to which printer, which comes first, and in what words the others wait."""
