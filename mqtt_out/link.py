"""The one connection to the broker: opened again for ever, with a will that says "offline".

Thread "mqtt:link" owns the socket. paho speaks the protocol; the loop is ours, because paho's own
waits with select(), which cannot see sockets past number 1023, and a farm with many viewers has
more. A paho client lives for one session, so that nothing queued in it is ever sent later.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
from dataclasses import dataclass
from typing import Any, Protocol

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from core.alert_config import MqttConfig
from core.clock import Clock
from mqtt_out import link_words as words
from printers.lan.backoff import Backoff

logger = logging.getLogger(__name__)

KEEPALIVE_S = 30
CONNECT_S = 5.0
CONNACK_S = 10.0
STEADY_S = 10.0
TICK_S = 1.0
ASLEEP_S = 10.0
"""No pass of the loop for so long: the machine slept, or the process stood still."""
LONGEST = 64 * 1024
"""Bytes of one message to the farm: an order has five."""
_READS = 32
_WRITES = 64


class Owner(Protocol):
    """Who publishes. All calls come from the link's thread and must return at once."""

    def link_up(self) -> None: ...
    def link_message(self, topic: str, payload: bytes, *, retained: bool) -> None: ...
    def link_delivered(self, number: int) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """state: off, connecting, online, refused, unreachable, stopped."""

    state: str
    text: str
    since: float  # epoch s


class _Client(mqtt.Client):
    """paho over a socket that is open and verified already: one that it opens itself stays open
    when TLS fails."""

    def __init__(self, client_id: str, sock: socket.socket) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True,
            protocol=mqtt.MQTTv311, reconnect_on_failure=False,
        )  # fmt: skip
        self._open_socket = sock
        self.too_long = False  # somebody sent what is no order of ours

    def _create_socket(self) -> Any:
        return self._open_socket

    def _sock_recv(self, bufsize: int) -> bytes:
        """paho asks for all of a message at once, up to 256 MB; what it raises ends the session."""
        if bufsize > LONGEST:
            self.too_long = True
            raise ConnectionError("too long")
        return super()._sock_recv(bufsize)


class Link:
    """``publish`` is for any thread; it says False while there is no session."""

    def __init__(
        self, config: MqttConfig, client_id: str, will: str, subscriptions: tuple[str, ...],
        owner: Owner, clock: Clock, *, retry: tuple[float, float] = (1.0, 30.0),
        auth_retry: float = 60.0,
    ) -> None:  # fmt: skip
        """``will``: the topic that says "online" or "offline"; s between attempts."""
        self._config, self._client_id, self._will = config, client_id, will
        self._subscriptions, self._owner, self._clock = subscriptions, owner, clock
        self._backoff = Backoff(retry, auth_retry)
        self._stopping = threading.Event()
        self._wake_out, self._wake_in = socket.socketpair()
        for end in (self._wake_out, self._wake_in):
            end.setblocking(False)
        self._client: _Client | None = None
        self._up = False
        self._refusal: words.Outage | None = None
        self.status = LinkStatus(state="connecting", text="", since=clock.time())
        self.sessions = 0
        self._thread = threading.Thread(target=self._run, name="mqtt:link", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 3.0) -> None:
        """Say "offline" and goodbye; the thread ends."""
        self.publish(self._will, b"offline", qos=1, retain=True)
        self._stopping.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join(timeout)

    @property
    def is_up(self) -> bool:
        return self._up

    @property
    def is_behind(self) -> bool:
        """The broker takes no more for now: what is not urgent should wait."""
        client = self._client
        return client is not None and client.want_write()

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> int:
        """The message's number for ``link_delivered``, 0 = there is no session."""
        client = self._client
        if not self._up or client is None:
            return 0
        info = client.publish(topic, payload, qos=qos, retain=retain)
        self.wake()
        return info.mid if info.rc == mqtt.MQTT_ERR_SUCCESS else 0

    def wake(self) -> None:
        try:
            self._wake_in.send(b"\0")
        except OSError:
            return  # full: it is awake already; closed: there is no loop any more

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            try:
                outage = self._session()
            except Exception:
                # The barrier of this thread: a fault of ours ends one session, no more.
                logger.exception("mqtt: the connection failed inside the farm")
                outage = words.INTERNAL
            if self._stopping.is_set():
                break
            if self._clock.monotonic() - began > STEADY_S + CONNECT_S:
                self._backoff.reset()
            self._tell(outage)
            self._stopping.wait(self._backoff.next(refused=outage.state == "refused"))
        self.status = LinkStatus(state="stopped", text="", since=self._clock.time())
        self._wake_in.close()
        self._wake_out.close()

    def _tell(self, outage: words.Outage) -> None:
        """An outage is logged once, its end once."""
        if self.status.text != outage.text:
            logger.warning("mqtt: %s", outage.text)
            now = self._clock.time()
            self.status = LinkStatus(state=outage.state, text=outage.text, since=now)

    def _session(self) -> words.Outage:
        """One try, to the end of its session if it got one."""
        try:
            sock = self._open()
        except OSError as error:
            return words.unreachable(self._config, error)
        client = self._client = self._make(sock)
        was_up = False
        try:
            client.connect(self._config.host, self._config.port, KEEPALIVE_S)
            self._converse(client, sock)
        finally:
            was_up, self._up = self._up, False
            self._farewell(client)
            self._client = None
            sock.close()
        return self._refusal or words.lost(self._config, was_up=was_up)

    def _open(self) -> socket.socket:
        """Raises OSError, also for an authority's certificate that cannot be read."""
        host = self._config.host
        context = words.tls_context(self._config) if self._config.tls else None
        plain = socket.create_connection((host, self._config.port), CONNECT_S)
        try:
            sock = context.wrap_socket(plain, server_hostname=host) if context else plain
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            plain.close()
            raise
        return sock

    def _make(self, sock: socket.socket) -> _Client:
        self._refusal = None
        client = _Client(self._client_id, sock)
        if self._config.user:
            client.username_pw_set(self._config.user, self._config.password.reveal() or None)
        client.will_set(self._will, b"offline", qos=1, retain=True)
        client.max_inflight_messages_set(100)
        client.on_connect = self._connected
        client.on_message = self._message
        client.on_publish = self._delivered
        client.on_socket_register_write = _leave_to_loop
        return client

    def _converse(self, client: _Client, sock: socket.socket) -> None:
        give_up, seen = self._clock.monotonic() + CONNACK_S, self._clock.time()
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_out, selectors.EVENT_READ)
            selector.register(sock, selectors.EVENT_READ)
            while not self._stopping.is_set() and client.socket() is not None:
                wanted = selectors.EVENT_READ | (
                    selectors.EVENT_WRITE if client.want_write() else 0
                )
                selector.modify(sock, wanted)
                ready = {key.fileobj for key, _ in selector.select(TICK_S)}
                seen, before = self._clock.time(), seen
                if seen - before > ASLEEP_S:
                    return  # an order that waited in the socket meanwhile is an old one
                if self._wake_out in ready:
                    self._drain()
                if sock in ready and not self._transfer(client, sock):
                    return
                client.loop_misc()
                if not self._up and (self._refusal or self._clock.monotonic() > give_up):
                    return

    def _transfer(self, client: _Client, sock: socket.socket) -> bool:
        """Read and write what there is now; False at the end of the session."""
        for _ in range(_READS):
            client.loop_read()
            if client.socket() is None:
                if client.too_long:
                    self._refusal = words.too_long(self._config)
                return False
            if not getattr(sock, "pending", int)():  # bytes inside TLS, which select cannot see
                break
        for _ in range(_WRITES):
            if not client.want_write():
                return True
            client.loop_write()
            if client.socket() is None:
                return False
        return True

    def _drain(self) -> None:
        try:
            self._wake_out.recv(4096)
        except BlockingIOError:
            return

    def _farewell(self, client: mqtt.Client) -> None:
        """What is queued goes out as far as it can at once, then a clean goodbye."""
        if client.socket() is None:
            return
        client.disconnect()
        for _ in range(_WRITES):
            client.loop_write()
            if not client.want_write():
                return

    # -- what paho calls, in the thread ----------------------------------------------------------

    def _connected(
        self, client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _more: Any
    ) -> None:
        if reason.value != 0:
            self._refusal = words.refused(self._config, reason.value)
            return
        if self._subscriptions:
            # At most once: a broker that waits for an acknowledgement may send an order again.
            client.subscribe([(topic, 0) for topic in self._subscriptions])
        self.sessions += 1
        self._up = True
        where = f"{self._config.host}:{self._config.port}"
        logger.info("mqtt: connected to %s", where)
        self.status = LinkStatus(state="online", text="", since=self._clock.time())
        self._owner.link_up()

    def _message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return  # nothing of ours has such a name
        self._owner.link_message(topic, bytes(message.payload), retained=bool(message.retain))

    def _delivered(
        self, _client: mqtt.Client, _data: Any, number: int, _reason: Any, _more: Any
    ) -> None:
        self._owner.link_delivered(number)


def _leave_to_loop(_client: mqtt.Client, _data: Any, _sock: Any) -> None:
    """With this set, paho queues what other threads publish instead of writing it there."""
