"""A printer's MQTT 3.1.1 broker on asyncio, as small as the one inside a printer (bambu-lan B2).

Why not amqtt: a printer is not a broker that passes messages on. It answers what it is asked, never
lets one client hear another, refuses the fifth client with CONNACK 3, closes the socket on a
forbidden subscription, grants other serials and stays silent, and must be muted, frozen half-open
or cut at any moment, each of a hundred with its own password and certificate. In a general broker
those are a hundred broker objects with plug-ins that reach into its sessions, and several tasks
per client; here it is one Protocol object per connection and one write per report. See
docs/adr/0002-own-mqtt-server-in-the-simulator.md.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol, cast

from simulator.bambu import mqtt_packets as mqtt
from simulator.bambu.mqtt_packets import ConnectCode, MalformedPacket, Packet, PacketType
from simulator.knobs import Knobs

logger = logging.getLogger(__name__)

USER = "bblp"
_MAX_BACKLOG_BYTES = 1_000_000  # a reader this slow loses reports, as with QoS 0 everywhere


class MqttRules(Protocol):
    """What the broker asks its printer about; answers may change at any time."""

    @property
    def printer_id(self) -> str: ...
    @property
    def serial(self) -> str: ...
    @property
    def access_code(self) -> str: ...
    @property
    def knobs(self) -> Knobs: ...
    @property
    def max_clients(self) -> int: ...
    @property
    def closes_on_request_subscription(self) -> bool: ...


class MqttEndpoint:
    """All MQTT connections of one printer. Lives in the event loop's thread."""

    def __init__(self, rules: MqttRules, on_request: Callable[[bytes], None]) -> None:
        self.rules = rules
        self.on_request = on_request
        self.report_topic = f"device/{rules.serial}/report"
        self.request_topic = f"device/{rules.serial}/request"
        self.sessions: dict[str, MqttConnection] = {}
        self._open: set[MqttConnection] = set()
        self._counter = 0

    def new_connection(self) -> MqttConnection:
        """The protocol factory for loop.create_server."""
        return MqttConnection(self)

    @property
    def has_listeners(self) -> bool:
        return any(session.listening for session in self.sessions.values())

    def publish(self, payload: bytes) -> None:
        """Send one message on /report to everybody who subscribed."""
        packet = mqtt.publish(self.report_topic, payload)
        for session in list(self.sessions.values()):
            if session.listening:
                session.send(packet)

    def drop_all(self) -> None:
        """Cut every connection without a word (TCP reset)."""
        for connection in list(self._open):
            connection.abort()

    def freeze_all(self) -> None:
        """Half-open: the sockets stay, nothing is read or sent on them any more."""
        for connection in list(self._open):
            connection.freeze()

    def opened(self, connection: MqttConnection) -> None:
        self._open.add(connection)

    def closed(self, connection: MqttConnection) -> None:
        self._open.discard(connection)
        if self.sessions.get(connection.client_id) is connection:
            del self.sessions[connection.client_id]

    def admit(self, connection: MqttConnection, wish: mqtt.Connect) -> ConnectCode:
        """Decide on a CONNECT and enter the session when it is accepted (B2.1)."""
        if wish.level not in (3, 4):
            return ConnectCode.BAD_PROTOCOL
        password = self.rules.access_code.encode("utf-8")
        refused = self.rules.knobs.refuse_login or wish.user != USER
        if refused or wish.password != password:
            return ConnectCode.NOT_AUTHORIZED
        client_id = wish.client_id or self._new_client_id()
        former = self.sessions.pop(client_id, None)
        if former is not None:
            former.abort()
        elif len(self.sessions) >= self.rules.max_clients:
            return ConnectCode.SERVER_UNAVAILABLE
        connection.client_id = client_id
        self.sessions[client_id] = connection
        return ConnectCode.ACCEPTED

    def _new_client_id(self) -> str:
        self._counter += 1
        return f"auto-{self._counter}"


class MqttConnection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, endpoint: MqttEndpoint) -> None:
        self.client_id = ""
        self._endpoint = endpoint
        self._reader = mqtt.PacketReader()
        self._transport: asyncio.Transport | None = None
        self._topics: set[str] = set()
        self._greeted = False
        self._admitted = False
        self._frozen = False
        self._handlers: dict[int, Callable[[Packet], None]] = {
            PacketType.PUBLISH: self._on_publish,
            PacketType.PUBACK: lambda _packet: None,
            PacketType.SUBSCRIBE: self._on_subscribe,
            PacketType.UNSUBSCRIBE: self._on_unsubscribe,
            PacketType.PINGREQ: lambda _packet: self.send(mqtt.PINGRESP),
            PacketType.DISCONNECT: lambda _packet: self._close(),
        }

    @property
    def listening(self) -> bool:
        """Does this client get reports?"""
        return self._admitted and self._endpoint.report_topic in self._topics

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._endpoint.opened(self)
        if self._endpoint.rules.knobs.refuse_connections:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # any end is the same to a printer
        self._admitted = False
        self._endpoint.closed(self)

    def data_received(self, data: bytes) -> None:
        if self._frozen:
            return
        if not self._greeted:
            self._greeted = True
            if data[0] >> 4 != PacketType.CONNECT:
                self.abort()  # a browser or a port scanner: do not wait for the rest
                return
        try:
            for packet in self._reader.feed(data):
                self._handle(packet)
                if self._transport is None or self._transport.is_closing():
                    return
        except MalformedPacket as error:
            logger.debug("%s: closes a connection: %s", self._endpoint.rules.printer_id, error)
            self.abort()

    # used by the endpoint

    def send(self, packet: bytes) -> None:
        transport = self._transport
        if self._frozen or transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() < _MAX_BACKLOG_BYTES:
            transport.write(packet)

    def abort(self) -> None:
        self._admitted = False
        if self._transport is not None:
            self._transport.abort()

    def freeze(self) -> None:
        self._frozen = True
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    # packets

    def _handle(self, packet: Packet) -> None:
        if packet.type == PacketType.CONNECT:
            self._on_connect(packet)
            return
        handler = self._handlers.get(packet.type)
        if handler is None or not self._admitted:
            raise MalformedPacket(f"packet type {packet.type} is not welcome here")
        handler(packet)

    def _on_connect(self, packet: Packet) -> None:
        if self._admitted:
            raise MalformedPacket("second CONNECT")
        wish = mqtt.read_connect(packet.body)
        delay_s = self._endpoint.rules.knobs.connack_delay_s
        if delay_s:
            asyncio.get_running_loop().call_later(delay_s, self._decide, wish)
        else:
            self._decide(wish)

    def _decide(self, wish: mqtt.Connect) -> None:
        if self._transport is None or self._transport.is_closing() or self._admitted:
            return  # gone, or a second CONNECT, while a slow printer was thinking
        code = self._endpoint.admit(self, wish)
        self.send(mqtt.connack(code))
        if code is ConnectCode.ACCEPTED:
            self._admitted = True
        else:
            self._close()

    def _on_publish(self, packet: Packet) -> None:
        message = mqtt.read_publish(packet)
        if message.qos == 2:
            raise MalformedPacket("QoS 2 is not spoken by printers")
        if message.qos == 1:
            self.send(mqtt.acknowledge(PacketType.PUBACK, message.packet_id))
        if message.topic == self._endpoint.request_topic:
            self._endpoint.on_request(message.payload)

    def _on_subscribe(self, packet: Packet) -> None:
        packet_id, wishes = mqtt.read_subscribe(packet)
        own_request = self._endpoint.request_topic
        if self._endpoint.rules.closes_on_request_subscription and any(
            topic == own_request for topic, _qos in wishes
        ):
            self._close()
            return
        for topic, _qos in wishes:
            self._topics.add(self._expand(topic))
        self.send(mqtt.suback(packet_id, [min(qos, 1) for _topic, qos in wishes]))

    def _on_unsubscribe(self, packet: Packet) -> None:
        packet_id, topics = mqtt.read_unsubscribe(packet)
        for topic in topics:
            self._topics.discard(self._expand(topic))
        self.send(mqtt.acknowledge(PacketType.UNSUBACK, packet_id))

    def _expand(self, topic: str) -> str:
        """The report topic for a wildcard that covers it; every other filter is kept as it is."""
        if topic in ("#", "device/#", "device/+/report", "+/+/report"):
            return self._endpoint.report_topic
        return topic

    def _close(self) -> None:
        self._admitted = False
        self._endpoint.closed(self)  # frees the slot at once, not after the TLS goodbye
        self._endpoint.opened(self)  # still a socket that drop_all must know
        if self._transport is not None:
            self._transport.close()
