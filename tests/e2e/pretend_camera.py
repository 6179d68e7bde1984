"""A webcam in front of a printer that is not there: draws what the farm says of its job.

The real print servers of the mixed farm stand before pretend boards; this is what they would see.
Own art of the simulator, served as mjpg-streamer serves pictures.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from simulator.plain_machine import PlainPrinter
from simulator.specs import make_spec
from simulator.state import Part

_EVERY_S = 1.0
_WORDS = {"printing": "RUNNING", "preparing": "RUNNING", "paused": "PAUSE", "needs_clear": "FINISH"}


class PretendCamera:
    """Serves ``url`` + "/?action=stream" and "snapshot" on 127.0.0.1 until it is closed.

    ``look`` gives the printer as the panel sees it, None while that is not known.
    """

    def __init__(self, kind: str, model: str, look: Callable[[], dict[str, Any] | None]) -> None:
        spec = make_spec("camera", "Camera", model, 0, kind=kind)
        self._machine = PlainPrinter(spec)
        self._look = look
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Viewer, self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()

    def wait(self) -> bool:
        """Until the next picture is due; whether there is one."""
        return not self._ended.wait(_EVERY_S)

    def picture(self) -> bytes:
        """A JPEG of now."""
        with self._lock:
            seen = self._look()
            if seen is not None:
                self._stage(seen)
            return self._machine.camera_frame()

    def _stage(self, seen: dict[str, Any]) -> None:
        machine, job = self._machine, seen.get("job") or {}
        percent = int(job.get("pct") or 0)
        machine.job.gcode_state = _WORDS.get(seen["state"], "IDLE")
        machine.job.percent = percent
        machine.job.layer, machine.job.layers = job.get("layer") or 0, job.get("layers") or 0
        name = (job.get("name") or seen["bed"]["name"] or "").removesuffix(".gcode")
        done = 1.0 if seen["state"] == "needs_clear" else percent / 100
        machine.bed_part = Part(name, "C4633F", done) if name else None
        machine.uptime += _EVERY_S
        nozzle = (seen.get("temps") or {}).get("nozzle") or [22]
        machine.heat.nozzles[0].actual = float(nozzle[0])


class _Viewer(BaseHTTPRequestHandler):
    """One request: a picture, or pictures without end."""

    def __init__(self, camera: PretendCamera, *request: Any) -> None:
        self._camera = camera
        super().__init__(*request)

    def do_GET(self) -> None:
        if "action=snapshot" in self.path:
            self._send("image/jpeg", self._camera.picture())
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=frame")
        self.end_headers()
        try:
            while True:
                picture = self._camera.picture()
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}"
                self.wfile.write(head.encode() + b"\r\n\r\n" + picture + b"\r\n")
                if not self._camera.wait():
                    return
        except ConnectionError:
            return  # the viewer has left

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: the farm asks once a second."""
