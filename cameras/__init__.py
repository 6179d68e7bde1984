"""The printers' own cameras: one owner per camera, many readers."""
