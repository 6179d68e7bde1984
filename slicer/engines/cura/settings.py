"""Every setting of a slicing as the plain value that CuraEngine wants, as Cura itself gives it.

Cura stacks what sets something: a user's changes, the quality, the material, the nozzle, the
machine's definition. The topmost wins, and most of it is formulas over other settings.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core import jsonio
from slicer.profiles.cura import formulas as cura_formulas
from slicer.profiles.cura.formulas import FormulaError
from slicer.profiles.cura.resources import Overrides
from slicer.profiles.presets import Choice, Preset

logger = logging.getLogger(__name__)

_TRUE = ("true", "yes", "on", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Values by setting; of an extruder only what may differ between extruders."""

    machine: Mapping[str, Any]
    extruders: tuple[Mapping[str, Any], ...]
    types: Mapping[str, str]
    problems: frozenset[str] = (
        frozenset()
    )  # settings that a formula failed for; another word counts


def resolve(choice: Choice, printer: Overrides, extruder: Overrides) -> Resolved:
    """``printer``, ``extruder``: what fdmprinter and fdmextruder declare."""
    stack = _Stack(choice, printer, extruder)
    machine = {key: stack.value(key, None) for key in stack.common}
    extruders = tuple(
        {key: stack.value(key, number) for key in stack.per_extruder}
        for number in range(stack.count)
    )
    if stack.problems:
        logger.info("cura: without a formula's value: %s", ", ".join(sorted(stack.problems)))
    types = {key: str(about.get("type", "")) for key, about in stack.common.items()}
    return Resolved(
        machine=machine, extruders=extruders, types=types, problems=frozenset(stack.problems)
    )


def text_of(value: Any) -> str:
    """A value as CuraEngine reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, (list, dict)):
        return jsonio.dumps(value).decode()
    return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where a formula stands: in one extruder's stack, or (None) in the machine's."""

    stack: _Stack
    extruder: int | None

    def value(self, key: str) -> Any:
        return self.stack.value(key, self.extruder)

    def call(self, name: str, arguments: list[Any]) -> Any:
        stack = self.stack
        if name == "defaultExtruderPosition" and not arguments:
            return "0"
        if name == "resolveOrValue" and len(arguments) == 1:
            return stack.value(str(arguments[0]), None)
        if name == "extruderValues" and len(arguments) == 1:
            key = str(arguments[0])
            return [stack.raw(key, number) for number in range(stack.in_use)]
        if name == "extruderValue" and len(arguments) == 2:
            number = int(arguments[0])
            return stack.raw(str(arguments[1]), number if 0 <= number < stack.count else 0)
        raise FormulaError(f"{name} is not a function of Cura's that the farm knows")


class _Stack:
    def __init__(self, choice: Choice, printer: Overrides, extruder: Overrides) -> None:
        machine = choice.machine.settings
        trains: Sequence[Overrides] = machine["extruders"]
        self.count = len(trains)
        self.in_use = len(choice.filaments)
        self.common = _over(printer, machine["settings"])
        self.trains = [_over(extruder, _known(train, extruder)) for train in trains]
        self.per_extruder = [
            key for key, about in self.common.items() if about.get("settable_per_extruder", True)
        ] + [key for key in extruder if key not in self.common]
        self._apart = frozenset(self.per_extruder)
        process = choice.process.settings
        changes = process["changes"]
        self._machine_layers = (changes["global"], process["global"])
        filled = (*choice.filaments, *[choice.filaments[0]] * self.count)[: self.count]
        self._layers = [_layers(choice, filament, number) for number, filament in enumerate(filled)]
        self._found: dict[tuple[str, int | None, bool], Any] = {}
        self._open: set[tuple[str, int | None, bool]] = set()
        self.problems: set[str] = set()

    def value(self, key: str, extruder: int | None) -> Any:
        """What the engine is told. Raises FormulaError for an unknown setting or a circle."""
        if key not in self._apart:
            return self._once(key, None, resolving=True)
        limited = self._limited_to(key)
        return self._once(key, limited if limited is not None else extruder or 0, resolving=False)

    def raw(self, key: str, extruder: int) -> Any:
        """What one extruder's own stack says, even of what all extruders share."""
        return self._once(key, extruder, resolving=False)

    def _limited_to(self, key: str) -> int | None:
        """The one extruder that does this work, as for infill or support."""
        formula = self.common.get(key, {}).get("limit_to_extruder")
        if not formula:
            return None
        try:
            number = int(cura_formulas.evaluate(str(formula), _Scope(self, None)))
        except (FormulaError, ValueError, TypeError):
            self.problems.add(key)
            return None
        return number if 0 <= number < self.count else None

    def _once(self, key: str, extruder: int | None, *, resolving: bool) -> Any:
        mark = (key, extruder, resolving)
        if mark in self._found:
            return self._found[mark]
        if mark in self._open:
            raise FormulaError(f"{key} depends on itself")
        self._open.add(mark)
        try:
            value = self._resolved(key) if resolving else self._looked_up(key, extruder)
        finally:
            self._open.discard(mark)
        self._found[mark] = value
        return value

    def _resolved(self, key: str) -> Any:
        """Of what all extruders share: by the formula that settles their differences."""
        formula = self.common.get(key, {}).get("resolve")
        if formula and key not in self._machine_layers[0]:
            try:
                return cura_formulas.evaluate(str(formula), _Scope(self, None))
            except FormulaError:
                self.problems.add(key)
        return self._once(key, None, resolving=False)

    def _looked_up(self, key: str, extruder: int | None) -> Any:
        """The topmost layer with a value; a formula that fails lets the next one speak."""
        scope = _Scope(self, extruder)
        own = () if extruder is None else self._layers[extruder]
        kind = str(self._about(key, extruder).get("type", ""))
        for layer in own:
            if key in layer and (value := self._read(key, layer[key], kind, scope)) is not None:
                return value
        if extruder is not None and key in self.trains[extruder]:
            return self._defined(key, self.trains[extruder][key], kind, scope)
        for layer in self._machine_layers:
            if key in layer and (value := self._read(key, layer[key], kind, scope)) is not None:
                return value
        if key not in self.common:
            raise FormulaError(f"there is no setting {key}")
        return self._defined(key, self.common[key], kind, scope)

    def _about(self, key: str, extruder: int | None) -> Mapping[str, Any]:
        train = {} if extruder is None else self.trains[extruder]
        return self.common.get(key) or train.get(key) or {}

    def _read(self, key: str, text: str, kind: str, scope: _Scope) -> Any:
        """A profile's text as a value, None when it has none of the setting's type."""
        try:
            if not text.startswith("="):
                return literal(text, kind)
            return cura_formulas.evaluate(text[1:], scope)
        except FormulaError:
            self.problems.add(key)
            return None

    def _defined(self, key: str, about: Mapping[str, Any], kind: str, scope: _Scope) -> Any:
        value = about.get("value")
        if isinstance(value, str):
            try:
                return cura_formulas.evaluate(value, scope)
            except FormulaError:
                self.problems.add(key)
        elif value is not None:
            return value
        usual = about.get("default_value")
        try:
            return literal(usual, kind) if isinstance(usual, str) else usual
        except FormulaError:
            return usual


def literal(text: str, kind: str) -> Any:
    """A text that is no formula, as a value of the setting's type. Raises FormulaError."""
    if kind == "bool":
        return text.strip().lower() in _TRUE
    if kind not in ("float", "int"):
        return text if kind == "str" else text.strip()
    try:
        number = float(text)
    except ValueError as error:
        raise FormulaError("it is no number") from error
    if not math.isfinite(number):
        raise FormulaError("it is no number")
    return int(number) if kind == "int" else number


def _over(declared: Overrides, said: Overrides) -> dict[str, Mapping[str, Any]]:
    return {key: {**declared.get(key, {}), **said.get(key, {})} for key in {**declared, **said}}


def _known(train: Overrides, extruder: Overrides) -> Overrides:
    return {key: about for key, about in train.items() if key in extruder}


def _layers(choice: Choice, filament: Preset, number: int) -> tuple[Mapping[str, str], ...]:
    """What lies upon an extruder's definition, the topmost first."""
    process = choice.process.settings
    changes = process["changes"]["extruders"]
    machine = choice.machine.settings
    return (
        changes[number] if number < len(changes) else {},
        quality_values(process["materials"], filament),
        *material_values(filament, machine),
        machine["nozzle_values"],
    )


def quality_values(materials: Mapping[str, Mapping[str, Any]], filament: Preset) -> dict[str, str]:
    """What the quality sets for this material: for itself, for its like, for any."""
    own = materials.get(str(filament.settings.get("id", "")))
    if own is None:
        like = [
            (not name.startswith("generic_"), name)
            for name, said in materials.items()
            if name and said["type"].casefold() == filament.material.casefold()
        ]
        own = materials[min(like)[1]] if like else materials.get("")
    return {} if own is None else dict(own["values"])


def material_values(filament: Preset, machine: Mapping[str, Any]) -> tuple[Mapping[str, str], ...]:
    """What the material sets, for this nozzle, this machine and in general."""
    found: list[Mapping[str, str]] = []
    about = filament.settings
    for product in (str(machine["name"]), str(machine["definition"])):
        said = about["machines"].get(product.casefold())
        if said is not None:
            at_nozzle = said["nozzles"].get(machine["nozzle"])
            found += [at_nozzle["settings"]] if at_nozzle else []
            found.append(said["settings"])
            break
    return (*found, about["settings"], {"material_diameter": text_of(about["diameter"])})
