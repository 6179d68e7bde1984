"""Answers of a virtual OctoPrint that hardly change: settings, profile, permissions, user.

The settings are a selection: what clients read. Their keys are the real server's.
"""

from __future__ import annotations

import hashlib
from typing import Any

from simulator.models import Model
from simulator.octoprint.core import USER
from simulator.octoprint.link import BAUDRATE, BAUDRATES, PORT

VERSION = "1.11.8"
GROUPS = ["users", "admins"]
PERMISSIONS = (
    "ADMIN", "STATUS", "CONNECTION", "WEBCAM", "SYSTEM", "FILES_LIST", "FILES_UPLOAD",
    "FILES_DOWNLOAD", "FILES_DELETE", "FILES_SELECT", "PRINT", "GCODE_VIEWER", "MONITOR_TERMINAL",
    "CONTROL", "SLICE", "TIMELAPSE_LIST", "TIMELAPSE_DOWNLOAD", "TIMELAPSE_DELETE",
    "TIMELAPSE_MANAGE_UNRENDERED", "TIMELAPSE_ADMIN", "SETTINGS_READ", "SETTINGS",
)  # fmt: skip
_ICE = ["stun:stun.example:19302"]


def _digest(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def global_key(api_key: str) -> str:
    """The server's own key, which GET /api/settings shows: another than the user's."""
    return hashlib.sha256(f"global/{api_key}".encode()).hexdigest()[:43]


def _needs() -> dict[str, list[str]]:
    return {"group": GROUPS, "role": [name.lower() for name in PERMISSIONS]}


def current_user() -> dict[str, Any]:
    """GET /api/currentuser."""
    return {"groups": GROUPS, "name": USER, "permissions": list(PERMISSIONS)}


def login(key: str, session: str) -> dict[str, Any]:
    """POST /api/login."""
    return {
        "_credentials_seen": "2026-01-01T00:00:00+00:00",
        "_is_external_client": False,
        "_login_mechanism": "apikey",
        "active": True,
        "admin": True,
        "apikey": key,
        "groups": GROUPS,
        "name": USER,
        "needs": _needs(),
        "permissions": [],
        "roles": ["user", "admin"],
        "session": session,
        "settings": {},
        "user": True,
    }


def _permission(name: str) -> dict[str, Any]:
    words = name.replace("_", " ").capitalize()
    return {
        "key": name,
        "name": words,
        "dangerous": name in ("ADMIN", "SYSTEM"),
        "default_groups": ["admins"] if name == "ADMIN" else ["users"],
        "description": f"Permission: {words}",
        "needs": {"role": [name.lower()]},
    }


def connected(server_id: str) -> dict[str, Any]:
    """The first message of a web socket."""
    return {
        "version": VERSION,
        "display_version": VERSION,
        "branch": "HEAD",
        "python_version": "3.11.7",
        "plugin_hash": _digest("plugins"),
        "config_hash": _digest(server_id),
        "debug": False,
        "safe_mode": None,
        "online": True,
        "permissions": [_permission(name) for name in PERMISSIONS],
    }


def profile(model: Model, base_url: str) -> dict[str, Any]:
    """The printer profile "_default"."""
    width, depth, height = model.volume
    fast = {"inverted": False, "speed": 6000}
    return {
        "axes": {
            "e": {"inverted": False, "speed": 300},
            "x": fast,
            "y": fast,
            "z": {"inverted": False, "speed": 200},
        },
        "color": "default",
        "current": True,
        "default": True,
        "extruder": {
            "count": model.nozzles,
            "defaultExtrusionLength": 5,
            "nozzleDiameter": 0.4,
            "offsets": [[0.0, 0.0] for _ in range(model.nozzles)],
            "sharedNozzle": False,
        },
        "heatedBed": True,
        "heatedChamber": model.chamber_max > 0,
        "id": "_default",
        "model": model.product_name,
        "name": "Default",
        "resource": f"{base_url}/api/printerprofiles/_default",
        "volume": {
            "custom_box": False,
            "depth": depth,
            "formFactor": "rectangular",
            "height": height,
            "origin": "lowerleft",
            "width": width,
        },
    }


def _stream(webcam_url: str) -> dict[str, Any]:
    return {
        "cacheBuster": False,
        "stream": f"{webcam_url}?action=stream" if webcam_url else "",
        "streamRatio": "16:9",
        "streamTimeout": 5,
        "streamWebrtcIceServers": _ICE,
    }


def _webcam(webcam_url: str) -> dict[str, Any]:
    snapshot = f"{webcam_url}?action=snapshot" if webcam_url else ""
    stream = _stream(webcam_url)
    turned = {"flipH": False, "flipV": False, "rotate90": False}
    compat = {**stream, "snapshot": snapshot, "snapshotSslValidation": True, "snapshotTimeout": 5}
    one = {
        **turned,
        "canSnapshot": bool(snapshot),
        "compat": compat,
        "displayName": "Classic Webcam",
        "extras": stream,
        "name": "classic",
        "provider": "classicwebcam",
        "snapshotDisplay": snapshot,
    }
    legacy = {key: value for key, value in compat.items() if key not in ("stream", "snapshot")}
    return {
        **turned,
        **legacy,
        "bitrate": "10000k",
        "defaultWebcam": "classic",
        "ffmpegCommandline": "ffmpeg",
        "ffmpegPath": None,
        "ffmpegThreads": 1,
        "ffmpegVideoCodec": "libx264",
        "renderAfterPrintDelay": 0,
        "snapshotUrl": snapshot,
        "snapshotWebcam": "classic",
        "streamUrl": stream["stream"],
        "timelapseEnabled": False,
        "watermark": True,
        "webcamEnabled": True,
        "webcams": [one],
    }


def settings(name: str, api_key: str, webcam_url: str) -> dict[str, Any]:
    """GET /api/settings. ``webcam_url`` "" = none is configured."""
    return {
        "accessControl": {"autologinHeadsupAcknowledged": False, "autologinLocal": False},
        "api": {"allowCrossOrigin": False, "key": api_key},
        "appearance": _APPEARANCE | {"name": name},
        "feature": _FEATURE,
        "folder": {
            "timelapse": "/data/timelapse",
            "uploads": "/data/uploads",
            "watched": "/data/watched",
        },
        "gcodeAnalysis": {"bedZ": 0.0, "runAt": "idle"},
        "serial": {
            "autoconnect": True,
            "baudrate": BAUDRATE,
            "baudrateOptions": BAUDRATES,
            "blockedCommands": ["M0", "M1"],
            "disconnectOnErrors": True,
            "emergencyCommands": ["M112", "M108", "M410"],
            "port": PORT,
        },
        "temperature": {
            "cutoff": 30,
            "profiles": [
                {"bed": 100, "extruder": 210, "name": "ABS"},
                {"bed": 60, "extruder": 180, "name": "PLA"},
            ],
            "sendAutomatically": False,
            "sendAutomaticallyAfter": 1,
        },
        "webcam": _webcam(webcam_url),
    }


_APPEARANCE: dict[str, Any] = {
    "closeModalsWithClick": True,
    "color": "default",
    "colorIcon": True,
    "colorTransparent": False,
    "defaultLanguage": "_default",
    "fuzzyTimes": True,
    "showFahrenheitAlso": False,
    "showInternalFilename": True,
}
_FEATURE: dict[str, Any] = {
    "autoUppercaseBlacklist": ["M117", "M118", "M707", "M708"],
    "enableDragDropUpload": True,
    "fileDeleteConfirmation": True,
    "g90InfluencesExtruder": False,
    "keyboardControl": True,
    "modelSizeDetection": False,
    "pollWatched": False,
    "printCancelConfirmation": True,
    "printStartConfirmation": False,
    "rememberFileFolder": False,
    "sdSupport": True,
    "temperatureGraph": True,
    "uploadOverwriteConfirmation": True,
}
