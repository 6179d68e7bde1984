"""Every knob and action of every simulated print server has a test here that names it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from simulator.actions import catalogue
from simulator.demo import spec_from_entry
from simulator.farm import SimulatedFarm
from tests.faults.http_farm import spec_of
from tests.faults.http_seat import (
    KINDS,
)

_ROOT = Path(__file__).parents[2]
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


def _examples() -> list[tuple[str, str, str, dict[str, Any]]]:
    """(printer, "knobs" or "actions", action, body) of every command in the handbook."""
    text = (_ROOT / "docs" / "rehearsal.md").read_text(encoding="utf-8")
    found = re.findall(r"/printers/(\w+)/(knobs|actions)/?(\w*)(?:.*-d '(.*)')?", text)
    return [(who, what, name, json.loads(body or "{}")) for who, what, name, body in found]


def test_the_handbooks_examples_can_be_typed() -> None:
    entries = json.loads((_ROOT / "config.example.json").read_text(encoding="utf-8"))["printers"]
    specs = [spec_from_entry(entry, number) for number, entry in enumerate(entries, 1)]
    examples = _examples()
    assert len(examples) >= 10
    with SimulatedFarm(specs) as farm:
        for who, what, name, body in examples:
            printer = farm.printer(who)
            if what == "knobs":
                printer.set(**body)
            else:
                printer.do(name, **body)
