"""One virtual printer on the wire: its machine, its three servers and its certificate."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from concurrent.futures import Executor
from typing import Any

from simulator.bambu import timelapse
from simulator.bambu.camera_server import CameraEndpoint
from simulator.bambu.ftps_server import FtpsEndpoint
from simulator.bambu.machine import BambuMachine
from simulator.bambu.mqtt_server import MqttEndpoint
from simulator.bambu.report_faults import is_report, report_payloads
from simulator.bambu.report_json import ReportForm, encode
from simulator.bambu.rtsp.server import RtspEndpoint
from simulator.bambu.switched_port import SwitchedPort
from simulator.bambu.timelapse import Film
from simulator.bambu.wire_actions import BambuWireActions
from simulator.certificates import CertificateAuthority, Identity, server_context, set_tls13
from simulator.ffmpeg import find_ffmpeg
from simulator.host import Endpoint, SimulatedHost
from simulator.knobs import Knobs
from simulator.quiet_port import listen
from simulator.specs import PrinterSpec
from simulator.storage import StorageError

logger = logging.getLogger(__name__)


class BambuHost(SimulatedHost):
    """Binds the machine to sockets. Everything runs in the event loop's thread.

    The camera's pictures are drawn in ``pool``, so that drawing never holds up the loop.
    """

    def __init__(
        self,
        spec: PrinterSpec,
        authority: CertificateAuthority,
        pool: Executor,
        *,
        address: str,
        time_scale: float,
        form: ReportForm,
        report_hz: float = 0.0,
    ) -> None:
        super().__init__(spec, address)
        self._machine = BambuMachine(spec, time_scale=time_scale)
        self.identity: Identity = authority.identity(spec.serial)
        self._authority = authority
        self._pool = pool
        self._form = form
        self._report_hz = report_hz
        self._context = server_context(self.identity)
        self._ftps_context = server_context(self.identity)
        # TLS 1.3 only: a ticket that a writing client never reads makes its close() a reset, which
        # loses the end of the upload. Resuming a 1.3 session is unreliable on printers anyway.
        self._ftps_context.num_tickets = 0
        self.mqtt = MqttEndpoint(self, self._on_request)
        self.ftps = FtpsEndpoint(self, self._ftps_context, address)
        self.camera: CameraEndpoint | RtspEndpoint = CameraEndpoint(self, self._render)
        if self.machine.model.camera == "rtsp":
            self.camera = RtspEndpoint(self, self._render)
        self._camera_port = SwitchedPort(self.camera.serve, address, self._context)
        self._servers: list[asyncio.Server] = []
        self._ports: tuple[int, int] = (0, 0)
        self._last_push = 0.0
        self._machine.keep_film = self._keep_film
        self._films: set[asyncio.Task[None]] = set()

    # what the servers ask (MqttRules, FtpsRules, CameraRules)

    @property
    def machine(self) -> BambuMachine:
        return self._machine

    @property
    def access_code(self) -> str:
        return self.machine.access_code

    @property
    def knobs(self) -> Knobs:
        return self.machine.knobs

    @property
    def max_clients(self) -> int:
        return self.knobs.max_clients or self.machine.model.max_clients

    @property
    def closes_on_request_subscription(self) -> bool:
        return self.machine.model.family in ("p1", "a1")

    @property
    def session_reuse_required(self) -> bool:
        wanted = self.knobs.ftps_require_session_reuse
        return self.machine.model.ftps_session_reuse if wanted is None else wanted

    @property
    def lists_full_paths(self) -> bool:
        return self.machine.model.family == "x1"

    # sockets

    @property
    def ports(self) -> tuple[int, int, int]:
        """MQTT, FTPS and camera port, whichever camera it is."""
        return (*self._ports, self._camera_port.port)

    @property
    def online(self) -> bool:
        return bool(self._servers)

    async def open(self) -> None:
        if self._servers:
            return
        loop = asyncio.get_running_loop()
        mqtt_port, ftps_port = self._ports
        mqtt = await listen(
            self.address,
            mqtt_port,
            lambda port: loop.create_server(
                self.mqtt.new_connection, self.address, port, ssl=self._context
            ),
        )
        self._servers.append(mqtt)
        ftps = await listen(
            self.address,
            ftps_port,
            lambda port: asyncio.start_server(
                self.ftps.serve, self.address, port, ssl=self._ftps_context
            ),
        )
        self._servers.append(ftps)
        bound = [server.sockets[0].getsockname()[1] for server in self._servers]
        self._ports = (bound[0], bound[1])
        await self._camera_port.open()
        self._mind_liveview()

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()
        self._camera_port.close()
        self.drop_tcp()
        await self.ftps.connections.wait_closed()
        await self.camera.wait_closed()
        await asyncio.gather(*self._films, return_exceptions=True)

    def drop_tcp(self) -> None:
        self.mqtt.drop_all()
        self.ftps.connections.drop_all()
        self.camera.connections.drop_all()

    def _mind_liveview(self) -> None:
        """The port of a video that is switched off at the printer refuses (bambu-lan A12.2)."""
        on = self.online and self.machine.liveview
        if self._camera_port.switch(on) and not on:
            self.camera.connections.drop_all()

    def half_open(self) -> None:
        self.mqtt.freeze_all()

    def clients(self) -> list[str]:
        return list(self.mqtt.sessions)

    def wire_actions(self) -> BambuWireActions:
        return BambuWireActions(self)

    def endpoint(self) -> Endpoint:
        mqtt_port, ftps_port, camera_port = self.ports
        jpeg = self.machine.model.camera == "jpeg"
        return Endpoint(
            host=self.address,
            mqtt_port=mqtt_port,
            ftps_port=ftps_port,
            camera_port=camera_port if jpeg else 0,
            rtsp_port=0 if jpeg else camera_port,
            serial=self.serial,
            access_code=self.access_code,
            certificate_sha256=self.certificate_sha256,
            ca_file=str(self._authority.ca_file),
        )

    def camera_guests(self) -> dict[str, int]:
        camera = self.camera
        if not isinstance(camera, CameraEndpoint):
            return {}
        return {"viewers": camera.viewers, "crowded": camera.crowded}

    @property
    def certificate_sha256(self) -> str:
        return self.identity.sha256

    def rotate_certificate(self) -> None:
        self.identity = self._authority.rotate(self.spec.serial)
        for context in (self._context, self._ftps_context):
            context.load_cert_chain(self.identity.certificate, self.identity.key)
        self.drop_tcp()

    def set_knobs(self, values: dict[str, Any]) -> None:
        code = self.access_code
        super().set_knobs(values)
        for context in (self._context, self._ftps_context):
            set_tls13(context, self.knobs.tls13)
        self._mind_liveview()
        if self.access_code != code:
            self.drop_tcp()  # LAN mode toggled: the printer throws everybody out

    # time

    def begin(self, now: float, phase: float) -> None:
        super().begin(now, phase)
        self._last_push = now - phase * self._interval()

    def send_due(self, now: float) -> float:
        self._mind_liveview()
        for message in self.machine.due_messages():
            self._publish(message)
        interval = self._interval()
        if now - self._last_push >= interval:
            late = now - self._last_push - interval
            self._last_push = now - min(late, interval)
            self.push()
        return self._last_push + self._interval()

    def push(self) -> None:
        """Send one report, when there is somebody to hear it and something to say."""
        if not self.mqtt.has_listeners:
            return
        report = self.machine.next_report(full=self._report_hz > 0)
        if report is not None:
            self._publish(report)

    def _interval(self) -> float:
        return 1.0 / self._report_hz if self._report_hz > 0 else self.machine.report_interval()

    def publish_raw(self, payload: bytes) -> None:
        """Send any bytes as a report, for tests of tolerance."""
        self.mqtt.publish(payload)

    def _publish(self, message: dict[str, Any]) -> None:
        if is_report(message):
            for payload in report_payloads(message, self.knobs, self._form, time.time_ns()):
                self.mqtt.publish(payload)
        else:
            self.mqtt.publish(encode(message, compact=self._form.compact))

    # requests and pictures

    def _on_request(self, payload: bytes) -> None:
        try:
            request = json.loads(payload.rstrip(b"\0 \r\n"))
        except (ValueError, RecursionError):
            logger.debug("%s: ignores a request that is not JSON", self.spec.id)
            return
        if not isinstance(request, dict):
            return
        self.requests.append(request)
        try:
            for message in self.machine.handle(request):
                self._publish(message)
        except Exception:  # the barrier: a request must not end the printer
            logger.exception("%s: simulated printer failed on a request", self.spec.id)

    def _keep_film(self, film: Film) -> None:
        """The printer puts its own video of a print on its card."""
        task = asyncio.get_running_loop().create_task(self._store_film(film))
        self._films.add(task)
        task.add_done_callback(self._films.discard)

    async def _store_film(self, film: Film) -> None:
        ffmpeg = find_ffmpeg()
        if ffmpeg is None or self.knobs.sd_missing or self.knobs.sd_readonly or self.knobs.sd_full:
            logger.warning("%s keeps no video: no ffmpeg, or no room on its card", self.spec.id)
            return
        loop = asyncio.get_running_loop()
        try:
            made = await loop.run_in_executor(self._pool, timelapse.make, film, ffmpeg)
            timelapse.keep(self.storage, film, *made)
        except (timelapse.NoFilm, StorageError) as error:
            logger.warning("%s keeps no video: %s", self.spec.id, error)

    async def _render(self) -> bytes:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self.machine.camera_frame)
