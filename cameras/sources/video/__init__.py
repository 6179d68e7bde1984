"""Video that only ffmpeg can read: RTSP and devices, as JPEG pictures."""
