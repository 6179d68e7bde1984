"""Worlds: the real queue around one printer of metal."""

from __future__ import annotations

import os
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from printers.adapters import ADAPTERS
from tests.job_queue.conftest import Farm
from tests.job_queue.model.metal import Crash, MetalPrinter
from tests.job_queue.model.world import World

NewWorld = Callable[[], World]


@pytest.fixture
def reached() -> Counter[str]:
    """How often every interesting way was taken, over all worlds of the test."""
    return Counter()


@pytest.fixture
def new_world(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reached: Counter[str]
) -> Iterator[NewWorld]:
    monkeypatch.setitem(ADAPTERS, "fake", MetalPrinter)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # these crashes leave the disk's cache whole
    monkeypatch.setattr(os, "fdatasync", lambda _: None)
    told = threading.excepthook
    monkeypatch.setattr(
        threading, "excepthook", lambda args: args.exc_type is Crash or told(args)
    )  # a thread that a crash has ended says nothing; any other end is still a red test
    made: list[World] = []

    def make() -> World:
        farm = Farm(Path(tempfile.mkdtemp(dir=tmp_path)))
        made.append(World(farm, reached))
        return made[-1]

    yield make
    for world in made:
        world.farm.join()


@pytest.fixture
def world(new_world: NewWorld) -> World:
    return new_world()
