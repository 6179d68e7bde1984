"""Stands between ffmpeg and an RTSP camera, so that ffmpeg needs to know no secret."""
