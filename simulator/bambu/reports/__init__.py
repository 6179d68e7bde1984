"""Status reports, one builder per part of the key inventory (bambu-lan B6)."""
