"""PrusaSlicer's presets: what people export, and what PrusaSlicer brings along for each make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from core.errors import Unusable
from slicer import values
from slicer.profiles.presets import Bundle, Family, Preset, PresetKind, Vendor
from slicer.profiles.prusa import conditions as prusa_conditions
from slicer.profiles.prusa import groups as prusa_groups
from slicer.profiles.prusa import ini as prusa_ini
from slicer.profiles.prusa.conditions import BadCondition, Condition
from slicer.profiles.prusa.flatten import Flattener, Values, is_abstract
from slicer.profiles.prusa.ini import Section

_KINDS = {
    "printer": PresetKind.MACHINE,
    "print": PresetKind.PROCESS,
    "filament": PresetKind.FILAMENT,
}
_FEWEST_VALUES = 30  # of a preset that stands for itself; PrusaSlicer writes out 60 and more
_MAX_WARNINGS = 50
_USUAL_NOZZLE = "0.4"  # where a machine says nothing, as PrusaSlicer takes it (Anycubic's does not)
_NEEDED = ("nozzle_diameter", "layer_height", "filament_diameter")
_FOLDERS = (  # from the program's own folder to what it brings along
    "../share/PrusaSlicer/profiles",
    "../share/prusa-slicer/profiles",
    "../resources/profiles",
    "resources/profiles",
    "../Resources/profiles",
    "../Resources/resources/profiles",
)


class PrusaPresets:
    """The family's PresetReader."""

    family: Family = Family.PRUSA

    def read(self, path: Path, name: str) -> Bundle:
        """A config bundle with a section per preset, or one plain config. Raises FarmError."""
        shown = values.clean_text(name) or "This file"
        sections = prusa_ini.read(path, shown)
        _refuse_scripts(sections, shown)
        title = Path(shown).stem
        if [section.kind for section in sections] == [""]:
            return _plain(sections[0].values, title, shown)
        bundle = _Reading(sections, shown, of_user=True).bundle(title)
        if not bundle.presets:
            raise Unusable(
                f"{shown} holds no presets of PrusaSlicer. Export them with "
                "File > Export > Export Config Bundle.",
                code="no_presets",
                details={"warnings": list(bundle.warnings)},
            )
        return bundle

    def vendors(self, installation: Path) -> tuple[Vendor, ...]:
        """Makes whose presets lie beside the program; none inside an AppImage."""
        for place in _FOLDERS:
            folder = installation.resolve().parent / place
            if folder.is_dir():
                found = sorted(folder.resolve().glob("*.ini"))
                return tuple(
                    Vendor(family=self.family, name=path.stem, path=path) for path in found
                )
        return ()

    def load(self, vendor: Vendor) -> Bundle:
        """Everything of one make, some 900 presets for Prusa. Raises FarmError."""
        sections = prusa_ini.read(vendor.path, vendor.name)
        named = next(
            (part.values.get("name", "") for part in sections if part.kind == "vendor"), ""
        )
        return _Reading(sections, vendor.name, of_user=False).bundle(named or vendor.name)


def _refuse_scripts(sections: Iterable[Section], shown: str) -> None:
    """A person's script would not run here, and the print would be another than they know."""
    for section in sections:
        if section.values.get(prusa_groups.SCRIPTS, "").strip('" '):
            where = f' in its preset "{section.name}"' if section.name else ""
            raise Unusable(
                f"{shown} names programs to run after slicing{where} (post_process), which the "
                "farm never does. Clear Print Settings > Output options > Post-processing scripts "
                "in PrusaSlicer and export again.",
                code="profiles_run_scripts",
            )


def _plain(config: Mapping[str, str], title: str, shown: str) -> Bundle:
    """An exported config: one of each, named as it names them."""
    missing = [key for key in _NEEDED if not config.get(key)]
    if missing:
        raise Unusable(
            f"{shown} is no configuration of PrusaSlicer: it lacks {', '.join(missing)}. "
            "Export one with File > Export > Export Config.",
            code="not_a_profile",
        )
    if config.get("printer_technology", "FFF") != "FFF":
        raise Unusable(f"{shown} is for a resin printer.", code="not_fff")
    names = {
        PresetKind.MACHINE: config.get("printer_settings_id", ""),
        PresetKind.PROCESS: config.get("print_settings_id", ""),
        PresetKind.FILAMENT: " + ".join(prusa_ini.texts(config.get("filament_settings_id", ""))),
    }
    presets = [
        _preset(
            kind,
            name or title,
            {key: text for key, text in config.items() if prusa_groups.kind_of(key) is kind},
        )
        for kind, name in names.items()
    ]
    return Bundle(
        family=Family.PRUSA,
        name=title,
        presets=tuple(presets),
        warnings=_own_gcode(presets),
    )


def _preset(
    kind: PresetKind,
    name: str,
    flat: Mapping[str, str],
    model: str = "",
    machines: tuple[str, ...] | None = None,
) -> Preset:
    nozzles = values.numbers(flat.get("nozzle_diameter", ""), 0.05, 5.0)
    materials = prusa_ini.texts(flat.get("filament_type", ""))
    return Preset(
        kind=kind,
        name=_clean(name),
        settings={key: text for key, text in flat.items() if key not in prusa_groups.DROPPED},
        model=model or (flat.get("printer_model", "") if kind is PresetKind.MACHINE else ""),
        nozzle_mm=nozzles[0] if nozzles and kind is PresetKind.MACHINE else None,
        material=materials[0] if materials and kind is PresetKind.FILAMENT else "",
        machines=None if machines is None else tuple(_clean(machine) for machine in machines),
    )


def _clean(name: str) -> str:
    return values.clean_text(name) or "unnamed"


def _own_gcode(presets: Iterable[Preset]) -> tuple[str, ...]:
    """Code of a person's own goes to the printer as it is; that must be known."""
    found = sorted(
        {
            key
            for preset in presets
            for key, text in preset.settings.items()
            if (key.endswith("_gcode") or key == "gcode_substitutions") and text.strip('" ')
        }
    )
    if not found:
        return ()
    return (
        f"These presets bring G-code of their own ({', '.join(found)}), which the printer will "
        "run as it is. Use them only if you trust where they come from.",
    )


class _Reading:
    """One file's sections on their way to presets."""

    def __init__(self, sections: Iterable[Section], shown: str, *, of_user: bool) -> None:
        self._of_user = of_user
        self._sections: dict[PresetKind, dict[str, Section]] = {kind: {} for kind in PresetKind}
        self._models: dict[str, str] = {}
        for section in sections:
            if section.kind in _KINDS and section.name:
                self._sections[_KINDS[section.kind]][section.name] = section
            elif section.kind == "printer_model":
                self._models[section.name] = section.values.get("name", "").replace("&&", "&")
        self._flatteners = {kind: Flattener(found, shown) for kind, found in self._sections.items()}
        self._machines: dict[str, Values] = {}
        self._usable: dict[str, tuple[str, ...]] = {}  # by condition
        self._warnings: list[str] = []

    def bundle(self, name: str) -> Bundle:
        self._machines = {
            machine: self._for_conditions(flat)
            for machine, flat in self._concrete(PresetKind.MACHINE)
            if flat.get("printer_technology", "FFF") == "FFF"
        }
        presets = [self._machine(machine) for machine in self._machines]
        for kind in (PresetKind.PROCESS, PresetKind.FILAMENT):
            for preset, flat in self._concrete(kind):
                machines = self._machines_of(preset, flat)
                if machines is None or machines:
                    presets.append(_preset(kind, preset, flat, machines=machines))
        warnings = tuple(self._warnings[:_MAX_WARNINGS])
        return Bundle(
            family=Family.PRUSA,
            name=values.clean_text(name) or "PrusaSlicer",
            presets=tuple(presets),
            warnings=(*(_own_gcode(presets) if self._of_user else ()), *warnings),
        )

    def _machine(self, name: str) -> Preset:
        flat = {"nozzle_diameter": _USUAL_NOZZLE} | self._flatteners[PresetKind.MACHINE].flat(name)
        model = flat.get("printer_model", "")
        return _preset(PresetKind.MACHINE, name, flat, model=self._models.get(model, model))

    def _concrete(self, kind: PresetKind) -> Iterable[tuple[str, Values]]:
        flattener = self._flatteners[kind]
        for name in self._sections[kind]:
            if is_abstract(name):
                continue
            flat = flattener.flat(name)
            missing = flattener.missing_parents(name)
            if missing and len(flat) < _FEWEST_VALUES:
                self._warnings.append(
                    f'The {kind.value} preset "{_clean(name)}" is left out: it inherits from '
                    f'"{_clean(missing[0])}", which is not in the file.'
                )
            else:
                yield name, flat

    def _for_conditions(self, flat: Values) -> Values:
        """With what PrusaSlicer adds to a machine's settings for conditions."""
        nozzles = flat.get("nozzle_diameter") or _USUAL_NOZZLE
        extruders = str(len(nozzles.split(",")))
        return flat | {"nozzle_diameter": nozzles, "num_extruders": extruders}

    def _machines_of(self, preset: str, flat: Values) -> tuple[str, ...] | None:
        """Names of machines it may be used with; None = any."""
        listed = set(prusa_ini.texts(flat.get("compatible_printers", "")))
        if listed:
            return tuple(name for name in self._machines if listed & self._names_of(name))
        condition = prusa_ini.unquoted(flat.get("compatible_printers_condition", ""))
        if not condition:
            return None
        if condition not in self._usable:
            self._usable[condition] = self._fulfilling(condition, preset)
        return self._usable[condition]

    def _names_of(self, machine: str) -> set[str]:
        """Its own name and those it descends from: a preset for those is for it too."""
        inherited = self._sections[PresetKind.MACHINE][machine].values.get("inherits", "")
        return {machine, *prusa_ini.texts(inherited)}

    def _fulfilling(self, text: str, preset: str) -> tuple[str, ...]:
        try:
            condition: Condition = prusa_conditions.compiled(text)
        except BadCondition as error:
            self._warnings.append(
                f'"{_clean(preset)}" and presets with the same condition are left out: which '
                f"printers they are for cannot be read ({error})."
            )
            return ()
        return tuple(name for name, flat in self._machines.items() if condition(flat))
