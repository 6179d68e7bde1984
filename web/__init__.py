"""HTTP and WebSocket: the only room that knows Flask. One Blueprint per file."""
