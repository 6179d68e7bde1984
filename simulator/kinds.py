"""Which host plays which kind of print server; each is imported when a printer needs it."""

from __future__ import annotations

from concurrent.futures import Executor
from importlib import import_module

from simulator.certificates import CertificateAuthority
from simulator.host import SimulatedHost
from simulator.specs import PrinterSpec
from simulator.stamp import Pace

_HOSTS = {
    "octoprint": ("simulator.octoprint.host", "OctoPrintHost"),
    "moonraker": ("simulator.moonraker.host", "MoonrakerHost"),
    "prusalink": ("simulator.prusalink.host", "PrusaLinkHost"),
}


def http_host(
    spec: PrinterSpec,
    authority: CertificateAuthority,
    pool: Executor,
    address: str,
    time_scale: float,
    pace: Pace,
) -> SimulatedHost:
    """A host of ``spec.kind``, not yet open. Raises ValueError for a kind without one."""
    if spec.kind not in _HOSTS:
        raise ValueError(f"{spec.id}: the simulator plays no {spec.kind}")
    module, name = _HOSTS[spec.kind]
    host = getattr(import_module(module), name)(
        spec, authority, pool, address=address, time_scale=time_scale
    )
    if not isinstance(host, SimulatedHost):
        raise TypeError(f"{module}.{name} is no host of a simulated printer")
    host.machine.pace = pace
    return host
