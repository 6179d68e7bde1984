"""Cura's formulas have the values Python gives them, and nothing else can be said in them."""

from __future__ import annotations

from typing import Any

import pytest

from slicer.profiles.cura.formulas import FormulaError, evaluate

SETTINGS = {
    "line_width": 0.4,
    "layer_height": 0.2,
    "infill_pattern": "cubic",
    "spiralize": False,
    "angles": [45, 135],
}


class Scope:
    def value(self, key: str) -> Any:
        if key not in SETTINGS:
            raise FormulaError(f"there is no setting {key}")
        return SETTINGS[key]

    def call(self, name: str, arguments: list[Any]) -> Any:
        if name != "extruderValues":
            raise FormulaError(name)
        return [-3.0, 1.0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("line_width * 2", 0.8),
        ("0 if spiralize else 15", 15),
        ("'lines' if infill_pattern == 'cubic' else 'grid'", "lines"),
        ("math.ceil(round(0.8 / layer_height, 4))", 4),
        ("math.floor(math.degrees(math.atan(line_width/2.0/layer_height)))", 45),
        ("max(map(abs, extruderValues('machine_nozzle_offset_x')))", 3.0),
        ("sum(extruderValues('x')) / len(extruderValues('x'))", -1.0),
        ("infill_pattern in ('cubic', 'grid') and not spiralize", True),
        ("spiralize or 'no'", "no"),
        ("0 < layer_height <= 0.2", True),
        ("0.3 < layer_height <= 0.2", False),
        ("angles[1]", 135),
        ("-line_width + 2 ** 3", 7.6),
        ("min(layer_height, line_width, 5)", 0.2),
        (" \n 1 +\n 1 ", None),  # one line is all Cura writes; two lines are no expression
        ("'" + "G28 " * 400 + "' if layer_height else ''", "G28 " * 400),  # a whole start code
        ("any([False, 1]) and 10 % 4 == 2", True),
    ],
)
def test_formulas_have_pythons_values(text: str, value: object) -> None:
    if value is None:
        with pytest.raises(FormulaError):
            evaluate(text, Scope())
    else:
        assert evaluate(text, Scope()) == (
            value if isinstance(value, str) else pytest.approx(value)
        )


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__.__bases__[0].__subclasses__()",
        "'{0.__class__}'.format(1)",
        "open('/etc/passwd').read()",
        "[x for x in (1, 2)]",
        "(lambda: 1)()",
        "f'{line_width}'",
        "math.__loader__",
        "math.factorial(1000000)",
        "max(*angles)",
        "round(number=1.5)",
        "(a := 1)",
        "{'a': 1}['a']",
        "b'bytes'",
        "unknown_setting",
        "unknown_function(1)",
        "map(unknown, [1])",
        "angles[9]",
        "line_width['x']",
    ],
)
def test_what_is_no_formula_of_curas_is_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        evaluate(text, Scope())


@pytest.mark.parametrize(
    "text",
    [
        "9 ** 9 ** 9",
        "2 ** 65",
        "'a' * 10 ** 9",
        "[0] * 10 ** 9",
        "'%1000000000d' % 1",
        "10 ** 18 * 10 ** 18",
        "float('inf')",
        "float('nan')",
        "1e308 * 10",
        "1 / 0",
        "math.sqrt(-1)",
        "int('9' + '9')" + "+1" * 3000,
        "(" * 150 + "1" + ")" * 150 + "(" * 300,
        "-" * 3000 + "1",
        "'" + "a" * 5000 + "' + '" + "a" * 2900 + "' + str(10 ** 17) * 1",
        "'" + "a" * 9000 + "'",
        "int('x')",
        "'a' + 1",
        "",
        "\0",
    ],
)
def test_nothing_can_be_made_to_cost_more_than_its_length(text: str) -> None:
    with pytest.raises(FormulaError):
        evaluate(text, Scope())
