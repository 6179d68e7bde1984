"""The fault knobs only an OctoPrint has; the common ones are in simulator/http_knobs.py."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.http_knobs import HttpKnobs


@dataclass(slots=True, kw_only=True)
class OctoPrintKnobs(HttpKnobs):
    """Times in REAL seconds."""

    autoconnect: bool = True
    """Whether the server opens the port by itself when it starts."""
    connect_s: float = 0.2
    """From "Opening serial connection" to "Operational"."""
    board_silent: bool = False
    """The port opens and nobody answers: "Connecting", and after connect_timeout_s "Offline"."""
    connect_timeout_s: float = 40.0
    """How long a silent port is tried (measured: 40 s)."""
    analysis_s: float = 0.3
    """G-code analysis of one file; it waits while a job prints."""
    no_webcam: bool = False
    """No webcam is configured: empty addresses in the settings."""
    relative_webcam: bool = False
    """The webcam's addresses are paths without a host, as OctoPi configures them."""
    sd_missing: bool = False
    """The machine has no memory card: sd.ready and sdReady are false."""
