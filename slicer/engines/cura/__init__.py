"""CuraEngine's command line: found, asked, watched and believed."""
