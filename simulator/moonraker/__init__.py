"""A strict virtual Klipper printer behind a virtual Moonraker: HTTP and JSON-RPC on one port."""
