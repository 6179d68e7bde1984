"""The camera of X1, P2S and H2 printers: H.264 over RTSP in TLS (bambu-lan A12.2)."""
