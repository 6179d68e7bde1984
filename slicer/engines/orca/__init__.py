"""OrcaSlicer's and Bambu Studio's command line: found, asked, watched and believed."""
