"""An RTSP server with real H.264, run by the system's Python (python3-gi) as a child.

Reads one line of JSON from its input: port, user, password, auth ("digest", "basic", ""), cert, key
("" = plain RTSP), path, fps, width, height. Says "ready" once it listens; ends with its input.
"""
# mypy: ignore-errors
# ruff: noqa: T201

import json
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

PICTURE = (
    "( videotestsrc is-live=true ! video/x-raw,width={width},height={height},framerate={fps}/1"
    " ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=800 key-int-max=5"
    " ! rtph264pay name=pay0 pt=96 config-interval=1 )"
)


def guard(server, factory, wish) -> None:
    auth = GstRtspServer.RTSPAuth()
    if wish["cert"]:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_files(wish["cert"], wish["key"]))
    role = "viewer" if wish["auth"] else "anonymous"
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, role)
    if wish["auth"] == "basic":
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(wish["user"], wish["password"]), token)
    elif wish["auth"] == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(wish["user"], wish["password"], token)
    else:
        auth.set_default_token(token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    for what in ("media.factory.access", "media.factory.construct"):
        permissions.add_permission_for_role(role, what, True)
    factory.set_permissions(permissions)


def main() -> None:
    wish = json.loads(sys.stdin.readline())
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(wish["port"]))
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(PICTURE.format(**wish))
    factory.set_shared(True)
    if wish["auth"] or wish["cert"]:
        guard(server, factory, wish)
    server.get_mount_points().add_factory(wish["path"], factory)
    server.attach(None)
    loop = GLib.MainLoop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    print("ready", flush=True)
    loop.run()


main()
