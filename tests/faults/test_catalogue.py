"""Every knob and every action of the simulator has a test here that shows what it does to us."""

from __future__ import annotations

import ast
from pathlib import Path

from simulator.actions import catalogue
from simulator.farm import SimulatedFarm
from simulator.knobs import KNOB_NAMES
from simulator.specs import make_spec


def _marked(source: str) -> set[str]:
    """The names in every ``pytest.mark.fault("…")`` of a module; conftest.py checks their use."""
    return {
        argument.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "fault"
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def _actions() -> set[str]:
    farm = SimulatedFarm([make_spec("p", "P", "P1S", 1)])
    with farm:
        return set(catalogue(farm._hosts["p"]))


def test_every_fault_has_a_test() -> None:
    tested: set[str] = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        tested |= _marked(path.read_text(encoding="utf-8"))
    catalogue_names = KNOB_NAMES | _actions()
    assert sorted(catalogue_names - tested) == [], "knobs or actions without a test"
    assert sorted(tested - catalogue_names) == [], "tests of faults that do not exist any more"
