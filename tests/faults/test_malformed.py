"""Malformed reports: 102,400 through the adapter's own entry, hundreds more over the wire.

None may end a thread, take long, keep memory, or be believed against what the printer said well.
"""

from __future__ import annotations

import copy
import gc
import json
import random
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.config import PrinterConfig
from core.secret import Secret
from printers import commands as c
from printers.bambu.adapter import BambuPrinter
from printers.bambu.inbox import MAX_FRAME
from printers.base import AdapterContext
from printers.status import PrinterState, PrinterStatus
from simulator.bambu.machine import BambuMachine
from simulator.models import MODELS
from simulator.specs import make_spec

PRINTERS = [("P1S", "printing"), ("X1C", "idle"), ("P1S", "printing"), ("X1C", "printing")]
EACH = 12_800  # per model; eight models: 102,400
SLOWEST_S = 0.2
MEMORY_BYTES = 20 * 1024 * 1024
JUNK: tuple[Any, ...] = (
    None, True, False, [], {}, "", "junk", "\x00￿", [None], [[]], {"a": None}, [{"id": []}],
    float("nan"), float("inf"), -float("inf"), 0, -1, 255, 2**31, 2**63, -(2**63) - 1, 10**40,
    1e300, "9" * 5000, "-", "0x1F", "NaN", "1e999", {"id": "0", "info": {}}, [{"attr": -1}],
    [{"attr": 2**70, "code": "x"}], [[1, 2], {"id": {"id": {}}}], "Ω" * 700,
)  # fmt: skip
WORDS = (b"", b"null", b"[]", b"{}", b"1", b'"print"', b"NaN", b'{"print":null}', b'{"print":[]}',
         b'{"print":{}}', b'{"print":{"command":null}}', b'{"print":{"command":"push_status"}}',
         b'{"system":{"command":[]}}', b'{"info":{"command":"get_version","module":{"0":1}}}',
         b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b'{"print":{"gcode_state":',
         b"\x00" * 50)  # fmt: skip


class Generator:
    """Damages real reports of one model, the same way in every run."""

    def __init__(self, model: str, whole: dict[str, Any]) -> None:
        self._chance = random.Random(f"malformed {model}")
        self._whole = whole
        self._keys = list(whole)

    def __iter__(self) -> Iterator[bytes]:
        ways = (self._junk_value,) * 8 + (
            self._truncated, self._truncated, self._flipped, self._flipped, self._noise,
            self._deep, self._other_encoding, self._fixed, self._many_junk, self._answer,
        )  # fmt: skip
        for number in range(EACH):
            if number % 1600 == 7:
                yield self._chance.randbytes(1_000_000)
            elif number % 1600 == 11:
                yield b'{"print":{"command":"push_status","x":"' + b"a" * (MAX_FRAME - 100)
            else:
                yield self._chance.choice(ways)()

    def _patch(self) -> dict[str, Any]:
        if self._chance.random() < 0.15:
            return dict(self._whole)
        keys = self._chance.sample(self._keys, k=self._chance.randint(1, 8))
        return {**{key: self._whole[key] for key in keys}, "command": "push_status", "msg": 1}

    def _spoil(self, value: Any, depth: int = 0) -> Any:
        chance = self._chance
        if isinstance(value, dict) and value and (depth == 0 or chance.random() < 0.75):
            key = chance.choice(list(value))
            return {**value, key: self._spoil(value[key], depth + 1)}
        if isinstance(value, list) and value and chance.random() < 0.75:
            at = chance.randrange(len(value))
            return [*value[:at], self._spoil(value[at], depth + 1), *value[at + 1 :]]
        return copy.deepcopy(chance.choice(JUNK))

    def _encode(self, body: Any) -> bytes:
        if isinstance(body, dict) and isinstance(body.get("gcode_state"), str):
            known = self._whole["gcode_state"]  # another state word would be news, not damage
            body["gcode_state"] = known
        return json.dumps({"print": body}).encode("utf-8", "surrogatepass")

    def _junk_value(self) -> bytes:
        return self._encode(self._spoil(self._patch()))

    def _many_junk(self) -> bytes:
        body = self._patch()
        for _ in range(self._chance.randint(2, 10)):
            body = self._spoil(body)
        return self._encode(body)

    def _truncated(self) -> bytes:
        raw = self._encode(self._patch())
        return raw[: self._chance.randrange(len(raw))]

    def _flipped(self) -> bytes:
        """Some bytes of the frame are others; digits stay, so that no number is a new truth."""
        raw = bytearray(self._encode(self._patch()))
        for _ in range(self._chance.randint(1, 6)):
            raw[self._chance.randrange(len(raw))] = self._chance.choice(b'\x00\x80\xff{}[]:,"')
        spoiled, word = bytes(raw), b'"gcode_state": "%s"' % self._whole["gcode_state"].encode()
        if b'"gcode_state"' in spoiled and word not in spoiled:
            return self._flipped()  # another state word would be news, not damage
        return spoiled

    def _noise(self) -> bytes:
        return self._chance.randbytes(self._chance.randrange(2_000))

    def _deep(self) -> bytes:
        depth = self._chance.choice((50, 900, 1500, 30_000))
        key = self._chance.choice(self._keys)
        inner = b"[" * depth + b"]" * depth
        if self._chance.random() < 0.5:
            inner = b'{"a":' * depth + b"1" + b"}" * depth
        return b'{"print":{"command":"push_status","msg":1,"%s":%s}}' % (key.encode(), inner)

    def _other_encoding(self) -> bytes:
        body = {**self._patch(), "subtask_name": "Gehäuse für Ω"[: self._chance.randint(1, 14)]}
        coding = self._chance.choice(("latin-1", "utf-16", "utf-32", "cp1252"))
        return json.dumps({"print": body}, ensure_ascii=False).encode(coding, "replace")

    def _fixed(self) -> bytes:
        return self._chance.choice(WORDS)

    def _answer(self) -> bytes:
        section = self._chance.choice(("print", "info", "system", "camera", "xcam", "upgrade"))
        body = {
            "command": self._chance.choice(("pause", "get_version", "ledctrl", 7, None)),
            "sequence_id": self._chance.choice(JUNK),
            "result": self._chance.choice(JUNK),
            "module": self._chance.choice(JUNK),
            "reason": self._chance.choice(JUNK),
        }
        return json.dumps({section: body}).encode()


def _adapter(model: str, folder: Path) -> tuple[BambuPrinter, list[PrinterStatus]]:
    published: list[PrinterStatus] = []
    config = PrinterConfig(
        simulate=True,
        id="oak",
        name="Oak",
        type="bambu",
        model=model,
        host="127.0.0.1",
        serial=make_spec("oak", "Oak", model, 1).serial,
        access_code=Secret("12345678"),
    )
    keep_last = _Latest(published)
    context = AdapterContext(publish=keep_last, clock=SystemClock(), data_dir=folder)
    return BambuPrinter(config, context), published


class _Latest:
    """The registry's part: only the newest status is kept."""

    def __init__(self, into: list[PrinterStatus]) -> None:
        self._into = into
        self.states: set[PrinterState] = set()

    def __call__(self, status: PrinterStatus) -> None:
        self._into[:] = [status]


def _whole(model: str) -> dict[str, Any]:
    machine = BambuMachine(make_spec("oak", "Oak", model, 1, "printing"))
    report = machine.next_report(full=True)
    assert report is not None
    body: dict[str, Any] = json.loads(json.dumps(report))["print"]
    return body


@pytest.mark.parametrize("model", MODELS)
def test_thousands_of_malformed_reports(model: str, tmp_path: Path) -> None:
    whole = _whole(model)
    good = json.dumps({"print": whole}).encode()
    printer, published = _adapter(model, tmp_path)
    take = printer._listener.session_payload
    take(good)
    healthy = printer.status
    assert healthy.state in (PrinterState.PRINTING, PrinterState.PREPARING)
    count, before = 0, _held()
    for payload in Generator(model, whole):
        began = time.thread_time()
        take(payload)
        took = time.thread_time() - began
        count += 1
        assert took < SLOWEST_S, (took, payload[:300])
        state = printer.status.state
        assert state is healthy.state, (state, payload[:2000])
    grown = _held() - before
    assert count == EACH
    assert grown < MEMORY_BYTES, f"{grown / 1e6:.0f} MB kept"
    assert printer.diagnostics()["messages"]["failed"] == 0, printer.diagnostics()["messages"]
    take(good)
    mended = printer.status
    assert mended.state is healthy.state
    assert (mended.job, mended.heaters, mended.ams) == (healthy.job, healthy.heaters, healthy.ams)
    assert published[-1].state is healthy.state


def test_there_are_enough_of_them() -> None:
    assert EACH * len(MODELS) >= 50_000


def _held() -> int:
    """Resident bytes of this process after a collection."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


@pytest.mark.fault("publish_raw")
def test_over_the_wire_a_neighbour_keeps_its_exact_state(farm: Any) -> None:
    """Hundreds of malformed messages to two printers while two others print undisturbed."""
    sick = [farm.take("P1S", "printing"), farm.take("X1C", "idle")]
    well = [farm.take("P1S", "printing"), farm.take("X1C", "printing")]
    for seat in well:
        seat.until(lambda p: p["bed"]["why"])
    before = [_fingerprint(seat) for seat in well]
    names = sorted(t.name for t in threading.enumerate() if t.name.startswith("printer:"))
    for seat in sick:
        generator = Generator(seat.model, _whole(seat.model))
        for number, payload in enumerate(generator):
            if number == 400:
                break
            if b"gcode_state" in payload and number % 3:
                continue  # the whole reports are another machine's
            seat.sim.handle.publish_raw(payload)
        seat.sim.do("publish_raw", text="{")
        for other, kept in zip(well, before, strict=True):
            assert _fingerprint(other) == kept
    assert sorted(t.name for t in threading.enumerate() if t.name.startswith("printer:")) == names
    for seat in sick:
        total = farm.fleet.diagnostics(seat.id)["messages"]
        assert total["dropped"] > 50 and total["failed"] == 0, total
        seat.sim.handle.do("power_cycle")
    for seat in sick:
        panel = seat.until(lambda p: p["state"] in ("ready", "needs_clear"), "not understood again")
        assert panel["message"] == ""
        assert seat.order(c.SetLight(on=False)) == ""
    for other, kept in zip(well, before, strict=True):
        assert _fingerprint(other) == kept
        assert len({s.state for s in other.history}) == 1, "its state moved"


def _fingerprint(seat: Any) -> tuple[Any, ...]:
    """All of a printer's panel that does not move while it prints undisturbed."""
    panel = seat.panel()
    still = ("state", "sub", "message", "pause", "fault", "faults", "notices", "lock", "bed", "ams")
    job = panel["job"]
    return (*(json.dumps(panel[key]) for key in still if key != "ams"), job["name"], job["layers"])


def test_the_limit_of_a_frame_is_generous_and_final(tmp_path: Path) -> None:
    """Real frames reach 32 kB; a megabyte is not even parsed."""
    printer, _ = _adapter("X1C", tmp_path)
    whole = _whole("X1C")
    take = printer._listener.session_payload
    padded = {**whole, "padding": "x" * (MAX_FRAME - 60_000)}
    take(json.dumps({"print": padded}).encode())
    assert printer.status.state is not PrinterState.CONNECTING
    dropped = printer._listener.inbox.dropped
    tracemalloc.start()
    take(json.dumps({"print": {**whole, "gcode_state": "IDLE", "p": "x" * 2**20}}).encode())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert printer._listener.inbox.dropped == dropped + 1
    assert printer.status.state is PrinterState.PRINTING
    assert peak < 8 * 2**20
