"""Every knob and action of every simulated print server has a test here that names it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from simulator.actions import catalogue
from simulator.farm import SimulatedFarm
from tests.faults.http_farm import KINDS, spec_of

Claims = set[tuple[str, str]]


def _marks(test: Any) -> Iterator[Any]:
    """A test's own, and those of its parameters; conftest.py checks that they are earned."""
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == "parametrize":
            for case in mark.args[1]:
                yield from getattr(case, "marks", ())
        else:
            yield mark


def _claims(module: ModuleType) -> Claims:
    tests = [value for name, value in vars(module).items() if name.startswith("test_")]
    return {
        (kind, name)
        for test in tests
        for mark in _marks(test)
        if mark.name == "http_fault"
        for kind in mark.kwargs["kinds"]
        for name in mark.args
    }


def _everything() -> Claims:
    specs = [spec_of(kind, number) for number, kind in enumerate(KINDS, 1)]
    with SimulatedFarm(specs) as farm:
        hosts = [farm._hosts[spec.id] for spec in specs]
        return {
            (kind, name)
            for kind, host in zip(KINDS, hosts, strict=True)
            for name in (*type(host.knobs).names(), *catalogue(host))
        }


def test_every_fault_of_every_make_has_a_test() -> None:
    tested: Claims = set()
    for path in Path(__file__).parent.glob("test_http_*.py"):
        tested |= _claims(import_module(f"tests.faults.{path.stem}"))
    everything = _everything()
    assert len(everything) > 200
    assert sorted(everything - tested) == [], "knobs or actions without a test"
    assert sorted(tested - everything) == [], "tests of faults that do not exist any more"
