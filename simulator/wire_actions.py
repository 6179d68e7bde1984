"""What can happen to the connections of any simulated printer, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.host import SimulatedHost


class WireActions:
    """What happens to connections and certificates rather than to the machine."""

    def __init__(self, host: SimulatedHost) -> None:
        self._host = host

    def drop_tcp(self) -> None:
        """Reset every connection now."""
        self._host.drop_tcp()

    def half_open(self) -> None:
        """Freeze the present connections: no FIN, no data, as after a power cut."""
        self._host.half_open()

    def rotate_certificate(self) -> str:
        """A new certificate with a new key; returns its SHA-256."""
        self._host.rotate_certificate()
        return self._host.certificate_sha256

    async def go_offline(self) -> None:
        """Switch off: connections are cut and the ports refuse."""
        await self._host.close()

    async def go_online(self) -> None:
        """Switch on again, on the same ports."""
        await self._host.open()

    def power_cycle(self) -> None:
        """Off and on again: the machine forgets its job, every connection is cut."""
        self._host.machine.power_cycle()
        self._host.drop_tcp()
