"""One MQTT session with one printer, from CONNECT to its end (bambu-lan A3).

paho speaks the protocol; the loop is ours, in the printer's own thread: everything that touches
the socket happens there (OpenSSL does not want two threads in one connection), and a paho client
is used for exactly one session, so that nothing queued in it can ever be sent later.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from core.errors import PrinterOffline
from core.jsonio import dumps
from core.secret import Secret
from printers.bambu.watchdog import Timing

USER = "bblp"
_TOO_LONG = 4 * 1024 * 1024
_BURST = 64
_QOS_BITS = 0x06
_WRITE_RETRY_S = 0.02

_REFUSALS = {132: "protocol", 133: "client_id", 134: "auth", 135: "auth", 136: "slots"}
"""CONNACK as paho names it: 4 and 5 are 134 and 135, 3 (no room) is 136."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a session ended: auth, slots, closed (before CONNACK), lost, silent, asked, stopped, …"""

    kind: str
    was_up: bool


class Listener(Protocol):
    """Who hears of a session, in the printer's thread."""

    def session_up(self) -> None: ...
    def session_payload(self, payload: bytes) -> None: ...
    def session_tick(self) -> None: ...


class _Client(mqtt.Client):
    """paho over a socket that is open and verified already (see wire.py for why)."""

    def __init__(self, client_id: str, sock: ssl.SSLSocket, take: Callable[[bytes], None]) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=True,
            protocol=mqtt.MQTTv311,
            reconnect_on_failure=False,
        )
        self._open_socket = sock
        self.take = take

    def _create_socket(self) -> Any:
        return self._open_socket

    def _handle_publish(self) -> MQTTErrorCode:
        """The one packet that comes all the time, without paho's topic tree and message object.

        The only subscription is this printer's report, so the topic needs no look. 30 µs of 220.
        """
        packet = self._in_packet
        if packet["command"] & _QOS_BITS:
            return super()._handle_publish()
        body = packet["packet"]
        self.take(bytes(body[2 + int.from_bytes(body[:2], "big") :]))
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    @property
    def incoming_length(self) -> int:
        """Announced bytes of the packet that is being read."""
        return int(self._in_packet["remaining_length"])


class Session:
    """``run`` blocks in the printer's thread; ``send`` and ``end`` are for any thread."""

    def __init__(
        self, serial: str, client_id: str, code: Secret, timing: Timing, listener: Listener
    ) -> None:
        self._topic = f"device/{serial}/request"
        self._report_topic = f"device/{serial}/report"
        self._client_id = client_id
        self._code = code
        self._timing = timing
        self._listener = listener
        self._wake_out, self._wake_in = socket.socketpair()
        self._wake_out.setblocking(False)
        self._wake_in.setblocking(False)
        self._client: _Client | None = None
        self._ending = ""
        self._nudged = False
        self.is_up = False

    def run(self, sock: ssl.SSLSocket) -> Ending:
        """Talk until something ends it. Closes the socket."""
        client = self._client = _Client(self._client_id, sock, self._listener.session_payload)
        client.username_pw_set(USER, self._code.reveal())
        client.on_connect = self._connected
        client.on_message = self._message
        client.on_socket_register_write = _leave_to_loop
        was_up = False
        try:
            client.connect(self._client_id, 8883, self._timing.keepalive)
            self._loop(client, sock)
        finally:
            was_up, self.is_up = self.is_up, False
            self._farewell(client)
            sock.close()
            self._client = None
        return Ending(self._ending or ("lost" if was_up else "closed"), was_up)

    def send(self, section: str, body: dict[str, Any]) -> None:
        """Publish one request at QoS 0. Raises PrinterOffline when there is no session."""
        client = self._client
        if not self.is_up or client is None:
            raise PrinterOffline("There is no session to the printer.")
        info = client.publish(self._topic, dumps({section: body}), qos=0)
        if info.rc != mqtt.MQTT_ERR_SUCCESS:
            raise PrinterOffline("The session to the printer has just ended.")
        self.wake()

    def end(self, kind: str) -> None:
        """Say goodbye and return from ``run`` with this reason."""
        self._ending = self._ending or kind
        self.wake()

    def nudge(self) -> None:
        """Have ``session_tick`` called soon."""
        self._nudged = True
        self.wake()

    def wake(self) -> None:
        """Make the loop look around now."""
        try:
            self._wake_in.send(b"\0")
        except OSError:
            return  # full: it is awake already; closed: there is no loop any more

    def close(self) -> None:
        """Release the wake-up sockets; after ``run``."""
        self._wake_in.close()
        self._wake_out.close()

    def _loop(self, client: _Client, sock: ssl.SSLSocket) -> None:
        give_up = time.monotonic() + self._timing.connack
        next_tick = 0.0
        wait_for = _waiter(sock, self._wake_out)
        while not self._ending and client.socket() is not None:
            if client.want_write():
                client.loop_write()
            wait = max(0.0, next_tick - time.monotonic())
            if client.want_write():  # it did not all fit
                wait = min(wait, _WRITE_RETRY_S)
            report, wake = wait_for(wait)
            if wake:
                self._drain()
            if report:
                self._read(client, sock)
            now = time.monotonic()
            if now >= next_tick or self._nudged:
                self._nudged = False
                next_tick = now + self._timing.tick
                self._tick(client, now, give_up)

    def _read(self, client: _Client, sock: ssl.SSLSocket) -> None:
        for _ in range(_BURST):
            client.loop_read()
            if client.incoming_length > _TOO_LONG:
                self.end("garbage")
            if client.socket() is None or not sock.pending():
                return
        self.wake()  # more is waiting inside TLS, where poll() cannot see it

    def _drain(self) -> None:
        try:
            self._wake_out.recv(4096)
        except BlockingIOError:
            return

    def _tick(self, client: _Client, now: float, give_up: float) -> None:
        client.loop_misc()
        if self.is_up:
            self._listener.session_tick()
        elif now >= give_up:
            self.end("no_connack")

    def _farewell(self, client: _Client) -> None:
        """A clean DISCONNECT frees the printer's client place at once."""
        if client.socket() is None:
            return
        client.disconnect()
        for _ in range(3):
            client.loop_write()
            if not client.want_write():
                return

    def _connected(
        self, client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _more: Any
    ) -> None:
        if reason.value != 0:
            self._ending = _REFUSALS.get(reason.value, "refused")
            return
        client.subscribe(self._report_topic, qos=0)
        self.is_up = True
        self._listener.session_up()

    def _message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._listener.session_payload(bytes(message.payload))


def _waiter(sock: ssl.SSLSocket, wake: socket.socket) -> Callable[[float], tuple[bool, bool]]:
    """Waits up to so many seconds: (printer has sent something, somebody called wake)."""
    if not hasattr(select, "poll"):  # Windows

        def by_select(seconds: float) -> tuple[bool, bool]:
            ready = select.select([sock, wake], [], [], seconds)[0]
            return sock in ready, wake in ready

        return by_select
    poller = select.poll()
    printer, other = sock.fileno(), wake.fileno()
    poller.register(printer, select.POLLIN)
    poller.register(other, select.POLLIN)

    def by_poll(seconds: float) -> tuple[bool, bool]:
        ready = [number for number, _ in poller.poll(seconds * 1000.0)]
        return printer in ready, other in ready

    return by_poll


def _leave_to_loop(_client: mqtt.Client, _data: Any, _sock: Any) -> None:
    """With this set, paho queues what other threads publish instead of writing it there."""
