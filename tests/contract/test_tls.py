"""https with a certificate of the server's own: pinned at first sight, questioned when it changes.

The servers themselves speak plain HTTP (TLS is a reverse proxy's before them), so this is asked
of the simulated ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.config import PrinterConfig
from core.secret import Secret
from printers import commands as c
from printers.base import Printer
from printers.status import PrinterState as S
from simulator.farm import PrinterHandle, SimulatedFarm
from simulator.specs import make_spec
from tests.contract.seat import ID, REST, Seat
from tests.contract.sim_rigs import SimBambu, SimMoonraker, SimOctoPrint, SimPrusaLinkFirmware

MAKES = (
    ("octoprint", "Ender 3", SimOctoPrint),
    ("moonraker", "Voron 2.4", SimMoonraker),
    ("prusalink", "MK4", SimPrusaLinkFirmware),
)


class TlsRig(SimBambu):
    """Only the configuration differs: nothing stands between farm and server."""

    def __init__(self, kind: str, model: str) -> None:
        super().__init__()
        self.kind = kind
        spec = make_spec("alder", "Alder", model, 1, kind=kind, tls=True)
        self.farm = SimulatedFarm([spec], time_scale=60.0, tick_s=0.05)
        self._model = model
        self.tls = ""

    def start(self) -> None:
        self.farm.start()

    def close(self) -> None:
        self.farm.stop()

    @property
    def handle(self) -> PrinterHandle:
        return self.farm.printer("alder")

    def config(self) -> PrinterConfig:
        end = self.farm.endpoints["alder"]
        return PrinterConfig(
            id=ID,
            name="Alder",
            type=self.kind,
            model=self._model,
            url=end.url,
            api_key=Secret(end.api_key),
            tls=self.tls,
        )


@pytest.fixture(params=MAKES, ids=[make[0] for make in MAKES])
def tls_rig(request: pytest.FixtureRequest) -> Iterator[TlsRig]:
    kind, model, _ = request.param
    rig = TlsRig(kind, model)
    rig.start()
    yield rig
    rig.close()


@pytest.fixture
def tls_seat(tls_rig: TlsRig, tmp_path: Path) -> Iterator[Seat]:
    seat = Seat(tls_rig, tmp_path)
    seat.start()
    yield seat
    seat.stop()


def test_a_self_signed_certificate_is_pinned_and_a_changed_one_questioned(
    tls_seat: Seat, tls_rig: TlsRig
) -> None:
    seat = tls_seat
    seat.in_state(*REST)
    known = tls_rig.farm.endpoints["alder"].certificate_sha256
    shown = tls_rig.handle.rotate_certificate()
    before = len(tls_rig.handle.requests())
    status = seat.in_state(S.IDENTITY)
    assert known in status.message and shown in status.message
    assert seat.refusal(c.Home()).error_code == "identity"
    seat.stays(lambda s: s.state is S.IDENTITY, 3.0, "it gave in")
    assert len(tls_rig.handle.requests()) == before, "something was sent to a stranger"
    seat.order(c.TrustCertificate(sha256=shown))
    seat.in_state(*REST, seconds=45.0)


def test_the_pin_outlives_the_farm(tls_rig: TlsRig, tmp_path: Path) -> None:
    for _ in range(2):
        seat = Seat(tls_rig, tmp_path)
        seat.start()
        seat.in_state(*REST)
        seat.stop()
    tls_rig.handle.rotate_certificate()
    before = len(tls_rig.handle.requests())
    seat = Seat(tls_rig, tmp_path)
    seat.start()
    try:
        seat.in_state(S.IDENTITY)
        assert len(tls_rig.handle.requests()) == before
    finally:
        seat.stop()


def test_the_systems_authorities_do_not_know_it(tls_rig: TlsRig, tmp_path: Path) -> None:
    tls_rig.tls = "system"
    seat = Seat(tls_rig, tmp_path)
    seat.start()
    try:
        status = seat.in_state(S.IDENTITY, S.OFFLINE)
        assert "Alder" in status.message
        assert "certificate" in status.message
        assert tls_rig.handle.requests() == [], "it signed in without trust"
    finally:
        seat.stop()


def test_the_owners_authority_does(tls_rig: TlsRig, tmp_path: Path) -> None:
    tls_rig.tls = tls_rig.farm.endpoints["alder"].ca_file
    seat = Seat(tls_rig, tmp_path)
    seat.start()
    try:
        seat.in_state(*REST)
        assert isinstance(seat.adapter, Printer)
        tls_rig.handle.rotate_certificate()  # the same authority signs the next one
        seat.in_state(*REST, seconds=45.0)
    finally:
        seat.stop()
