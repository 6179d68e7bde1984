"""The sensor: jumps, gaps, failures, and none at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from rig.errors import SensorFailed
from rig.sensor import Climate, Doorman, Iio, Reading, open_reader
from rig.settings import SensorSettings


def admit(door: Doorman, *values: tuple[float, float]) -> list[bool]:
    return [door.admit(t, h, 1.0, 1.0) is not None for t, h in values]


def test_jumps_are_rejected_until_they_stay() -> None:
    door = Doorman()
    assert admit(door, (21.04, 40), (22, 45), (45, 45), (22.5, 99)) == [True, True, False, False]
    assert door.last == Reading(22, 45, 1.0, 1.0), "the last good one stays"
    assert admit(door, (23, 46), (40, 46), (40, 46), (40, 46)) == [True, False, False, True]


@pytest.mark.parametrize("values", [(-60, 40), (90, 40), (20, -1), (20, 101), (float("nan"), 40)])
def test_what_no_sensor_can_measure(values: tuple[float, float]) -> None:
    assert admit(Doorman(), values) == [False]


class Reader:
    def __init__(self, *answers: tuple[float, float] | None) -> None:
        self._answers = iter(answers)
        self.asked: list[float] = []
        self.closed = False
        self.clock = lambda: 0.0

    def read(self) -> tuple[float, float]:
        self.asked.append(self.clock())
        answer = next(self._answers, (20.0, 50.0))
        if answer is None:
            raise SensorFailed("checksum")
        return answer

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def delay() -> list[float]:
    return [3600.0]


@pytest.fixture
def measured() -> list[Reading]:
    return []


def test_it_tries_again_and_wakes_for_a_new_delay(
    kit: SimpleNamespace, delay: list[float], measured: list[Reading]
) -> None:
    import time

    reader = Reader(None, (20.0, 50.0), (21.0, 51.0))
    reader.clock = time.monotonic
    climate = Climate(lambda: reader, lambda: delay[0], gap_s=0.1)
    climate.on_reading = measured.append
    climate.start()
    kit.wait_for(lambda: len(measured) == 1)
    assert climate.problem == "" and climate.present
    delay[0] = 0.01
    climate.wake()
    kit.wait_for(lambda: len(measured) >= 3)
    climate.stop()
    assert reader.closed
    pauses = [b - a for a, b in pairwise(reader.asked)]
    assert min(pauses) >= 0.099, "never before the sensor's own gap"


def test_a_failing_sensor_keeps_its_last_value(
    kit: SimpleNamespace, measured: list[Reading]
) -> None:
    reader = Reader((20.0, 50.0), *[None] * 50)
    climate = Climate(lambda: reader, lambda: 0.01, gap_s=0.01)
    climate.on_reading = measured.append
    climate.start()
    kit.wait_for(lambda: climate.problem == "checksum")
    assert climate.last is not None and climate.last.temperature == 20.0
    climate.stop()
    assert len(measured) == 1


def test_no_sensor_is_quiet(kit: SimpleNamespace) -> None:
    climate = Climate(lambda: open_reader(SensorSettings(kind="none"), 24), lambda: 0.01)
    climate.start()
    kit.wait_for(lambda: not any(t.name == "rig:climate" for t in threading.enumerate()))
    assert climate.problem == "" and not climate.present and climate.last is None
    climate.stop()


def test_a_sensor_that_cannot_be_opened_is_a_state(kit: SimpleNamespace) -> None:
    climate = Climate(lambda: open_reader(SensorSettings(), 24), lambda: 0.05, gap_s=0.01)
    climate.start()
    kit.wait_for(lambda: "no DHT22" in climate.problem)
    climate.stop()


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "iio:device0").mkdir()
    device = tmp_path / "iio:device1"
    device.mkdir()
    (device / "in_temp_input").write_text("23100\n")
    (device / "in_humidityrelative_input").write_text("41500\n")
    yield tmp_path


def test_the_kernels_sensor(kernel: Path) -> None:
    reader = Iio(root=kernel)
    assert reader.read() == (23.1, 41.5)
    (kernel / "iio:device1/in_temp_input").write_text("")
    with pytest.raises(SensorFailed):
        reader.read()
    with pytest.raises(SensorFailed, match="dtoverlay"):
        Iio(root=kernel / "iio:device0")
