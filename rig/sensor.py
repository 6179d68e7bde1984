"""Temperature and humidity: failures are normal, jumps are lies, an old value says its age."""

from __future__ import annotations

import importlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rig.errors import SensorFailed
from rig.settings import SensorSettings

logger = logging.getLogger(__name__)

MIN_GAP_S = 2.0
"""A DHT22 measures every two seconds at most."""
MAX_JUMP_C, MAX_JUMP_PERCENT = 10.0, 20.0
_BELIEVED_AFTER = 3
_IIO = Path("/sys/bus/iio/devices")
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Reading:
    temperature: float  # °C, one decimal
    humidity: float  # percent, one decimal
    at: float  # epoch s
    mono: float


class Reader(Protocol):
    """Raises SensorFailed."""

    def read(self) -> tuple[float, float]: ...

    def close(self) -> None: ...


class Dht22:
    """By Adafruit's library; its errors ("checksum", "full buffer") are every day's."""

    def __init__(self, pin: int) -> None:
        try:
            board = importlib.import_module("board")
            library = importlib.import_module("adafruit_dht")
            self._device = library.DHT22(getattr(board, f"D{pin}"), use_pulseio=False)
        except (ImportError, NotImplementedError, AttributeError, RuntimeError, OSError) as error:
            raise SensorFailed(f"no DHT22 can be read here ({error})") from error

    def read(self) -> tuple[float, float]:
        try:
            temperature, humidity = self._device.temperature, self._device.humidity
        except (RuntimeError, OSError) as error:
            raise SensorFailed(str(error)) from error
        if temperature is None or humidity is None:
            raise SensorFailed("no value")
        return float(temperature), float(humidity)

    def close(self) -> None:
        self._device.exit()


class Iio:
    """The kernel's driver (dtoverlay=dht11, which knows the DHT22): two files in thousandths."""

    def __init__(self, path: str = "", root: Path = _IIO) -> None:
        found = [Path(path)] if path else sorted(root.glob("iio:device*"))
        self._folder = next((f for f in found if (f / "in_humidityrelative_input").exists()), None)
        if self._folder is None:
            raise SensorFailed("the kernel knows no humidity sensor; see dtoverlay=dht11")

    def read(self) -> tuple[float, float]:
        return self._value("in_temp_input"), self._value("in_humidityrelative_input")

    def _value(self, name: str) -> float:
        try:
            return int((Path(self._folder or "") / name).read_text()) / 1000
        except (OSError, ValueError) as error:
            raise SensorFailed(f"{name}: {error}") from error

    def close(self) -> None:
        """Nothing stays open."""


def open_reader(settings: SensorSettings, pin: int) -> Reader | None:
    """None: there is to be no sensor. Raises SensorFailed."""
    if settings.kind == "none":
        return None
    return Iio(settings.path) if settings.kind == "iio" else Dht22(pin)


def plausible(temperature: float, humidity: float) -> bool:
    """Within what a DHT22 can measure."""
    return -40 <= temperature <= 80 and 0 <= humidity <= 100


class Doorman:
    """Lets in what can be true. Not thread-safe."""

    def __init__(self) -> None:
        self.last: Reading | None = None
        self._odd = 0

    def admit(self, temperature: float, humidity: float, at: float, mono: float) -> Reading | None:
        """The new reading, None when it is a jump; three jumps in a row are a new truth."""
        if not plausible(temperature, humidity):
            return None
        before = self.last
        if before is not None and (
            abs(temperature - before.temperature) > MAX_JUMP_C
            or abs(humidity - before.humidity) > MAX_JUMP_PERCENT
        ):
            self._odd += 1
            if self._odd < _BELIEVED_AFTER:
                return None
        self._odd = 0
        self.last = Reading(round(temperature, 1), round(humidity, 1), at, mono)
        return self.last


class Climate:
    """A thread that reads every ``delay`` seconds. Absent sensor: a state, not an error."""

    def __init__(
        self,
        open_sensor: Callable[[], Reader | None],
        delay: Callable[[], float],
        *,
        gap_s: float = MIN_GAP_S,
        monotonic: Callable[[], float] = time.monotonic,
        epoch: Callable[[], float] = time.time,
    ) -> None:
        self._open, self._delay, self._gap = open_sensor, delay, gap_s
        self._mono, self._epoch = monotonic, epoch
        self._door = Doorman()
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._read_at = -1e9
        self._thread = threading.Thread(target=self._run, name="rig:climate", daemon=True)
        self.problem = ""
        self.present = False
        self.on_reading: Callable[[Reading], None] = lambda _: None

    @property
    def last(self) -> Reading | None:
        return self._door.last

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout)

    def wake(self) -> None:
        """The delay has changed: the wait begins anew with it."""
        self._wake.set()

    def _run(self) -> None:
        reader: Reader | None = None
        while not self._stopping.is_set():
            try:
                reader = reader or self._open()
                if reader is None:
                    return
                self.present = True
                self._measure(reader)
            except SensorFailed as error:
                if str(error) != self.problem:
                    logger.info("Sensor: %s", error)
                self.problem = str(error)
            except Exception:
                logger.exception("The sensor's reader failed")  # the barrier of this thread
            self._rest()
        if reader is not None:
            reader.close()

    def _rest(self) -> None:
        self._wake.wait(max(self._gap, self._delay()))
        self._wake.clear()

    def _values(self, reader: Reader) -> tuple[float, float]:
        """Never before the sensor's own gap has passed, however short the delay."""
        self._stopping.wait(max(0.0, self._read_at + self._gap - self._mono()))
        self._read_at = self._mono()
        return reader.read()

    def _measure(self, reader: Reader) -> None:
        for left in reversed(range(_TRIES)):
            try:
                values = self._values(reader)
            except SensorFailed:
                if not left or self._stopping.is_set():
                    raise
                continue
            self.problem = ""
            if reading := self._door.admit(*values, self._epoch(), self._mono()):
                self.on_reading(reading)
                return
            self.problem = f"{values[0]:.1f} °C, {values[1]:.1f} % is not believed"
