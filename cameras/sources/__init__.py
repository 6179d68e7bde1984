"""How each kind of camera is read: a generator of whole JPEG pictures per kind."""
