"""Why there is no session with the broker, in sentences that say what to do."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass

from core.alert_config import MqttConfig


@dataclass(frozen=True, slots=True)
class Outage:
    state: str  # "refused" (asking again soon is of no use), "unreachable"
    text: str


INTERNAL = Outage("unreachable", "The farm could not use its MQTT connection; see the log.")
_REFUSED = {
    132: "does not speak MQTT 3.1.1",
    133: "refuses the farm's client id",
    134: 'refuses the user or the password; check "user" and "password" in "mqtt"',
    135: 'does not let this user in; check "user" and "password" in "mqtt"',
    136: "is not available now",
}
"""CONNACK as paho names it: 1 … 5 of MQTT 3.1.1 are 132, 133, 136, 134, 135."""


def refused(config: MqttConfig, code: int) -> Outage:
    state = "unreachable" if code == 136 else "refused"
    why = _REFUSED.get(code, f"refuses the farm (code {code})")
    return Outage(state, f"{_broker(config)} {why}.")


def lost(config: MqttConfig, *, was_up: bool) -> Outage:
    broker = _broker(config)
    if was_up:
        return Outage("unreachable", f"The connection to {_of(config)} was lost.")
    return Outage(
        "unreachable", f"{broker} does not answer as an MQTT broker does; check its port."
    )


def too_long(config: MqttConfig) -> Outage:
    why = "sends a message of more than 64 kB to the farm; see who publishes orders there"
    return Outage("unreachable", f"{_broker(config)} {why}.")


def unreachable(config: MqttConfig, error: OSError) -> Outage:
    return Outage("unreachable", f"{_broker(config)} {_why(error)}")


def _why(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "refuses the connection. Check its address, and that it is running."
    if isinstance(error, TimeoutError):
        return "does not answer. It may be switched off, or its address changed."
    if isinstance(error, socket.gaierror):
        return "has an address that this network does not know."
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"shows a certificate that is not trusted ({error.verify_message}). Name its "
            'authority in "ca".'
        )
    if isinstance(error, ssl.SSLError):
        return "does not speak TLS on this port."
    if isinstance(error, ConnectionError):
        return 'closed the connection at once; check its port, and whether it speaks "tls" there.'
    if isinstance(error, FileNotFoundError):
        return 'cannot be asked: the file named in "ca" does not exist.'
    return f"cannot be reached ({error.strerror or type(error).__name__})."


def _of(config: MqttConfig) -> str:
    return f"the MQTT broker at {config.host}:{config.port}"


def _broker(config: MqttConfig) -> str:
    return f"The MQTT broker at {config.host}:{config.port}"


def tls_context(config: MqttConfig) -> ssl.SSLContext:
    """Verifies the broker by the authority in "ca", else by the system's. Raises OSError."""
    return ssl.create_default_context(cafile=config.ca or None)
