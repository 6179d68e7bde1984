"""A virtual printer behind a virtual OctoPrint 1.11 (octoprint-moonraker 1 and 4.OctoPrint)."""
