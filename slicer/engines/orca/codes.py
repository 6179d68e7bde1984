"""Every code OrcaSlicer and Bambu Studio end with, as a sentence (print-files 1.4)."""

from __future__ import annotations

from typing import NamedTuple

MODEL, SETTINGS, ENGINE = "model", "settings", "engine"


class Failure(NamedTuple):
    """What a code means. ``{slicer}`` in ``text`` is the slicer's name."""

    code: str
    blame: str
    text: str


def negative(exit_code: int) -> int:
    """The slicer's own code: it returns -51, and the system shows 205."""
    return exit_code - 256 if exit_code > 127 else exit_code


def crashed(exit_code: int) -> bool:
    """Whether a signal ended it; 128 + signal is how a wrapper around the slicer tells that."""
    return exit_code < 0 or exit_code in (131, 132, 134, 135, 136, 137, 139, 141)


def failure(code: int, slicer: str) -> Failure:
    """The failure of a negative code; one that nobody knows counts as the slicer's own."""
    found = _FAILURES.get(code)
    if found is None:
        text = f"{slicer} gave up with code {code}, which the farm does not know."
        return Failure("slicer_code", ENGINE, text)
    return found._replace(text=found.text.format(slicer=slicer))


_CACHE = (
    "{slicer} failed with its cache of sliced data ({what}), which the farm never asks for. "
    "Report this with the slicer's version."
)

_FAILURES = {
    -1: Failure("slicer_environment", ENGINE,
        "{slicer} cannot work on this machine; a library or folder it needs is missing. "
        "Run it once by hand to see what."),
    -2: Failure("slicer_options", ENGINE,
        "{slicer} does not understand the farm's request; its version may be too old or too new."),
    -3: Failure("slicer_file_missing", ENGINE,
        "{slicer} does not find the files the farm laid out for it. Look at the disk's space."),
    -4: Failure("slicer_file_order", ENGINE, "{slicer} rejects the order of its input files."),
    -5: Failure("preset_unreadable", SETTINGS,
        "{slicer} cannot read one of the presets. Export it again with this slicer's version."),
    -6: Failure("model_unreadable", MODEL,
        "{slicer} cannot read the model. Export it again, or repair it in the slicer."),
    -7: Failure("not_fdm", SETTINGS,
        "The presets are not for a printer that melts filament. Choose another machine."),
    -8: Failure("slicer_unsupported", ENGINE,
        "This version of {slicer} cannot do what the farm asked for. Update it."),
    -9: Failure("copy_failed", MODEL, "{slicer} could not copy the model's objects."),
    -10: Failure("scale_failed", MODEL, "{slicer} could not scale the model to the plate."),
    -11: Failure("export_stl_failed", ENGINE, "{slicer} could not write an STL. "
        "Look at the disk's space."),
    -12: Failure("export_obj_failed", ENGINE, "{slicer} could not write an OBJ. "
        "Look at the disk's space."),
    -13: Failure("export_failed", ENGINE,
        "{slicer} could not write the sliced file. Look at the disk's space."),
    -14: Failure("out_of_memory", MODEL,
        "{slicer} ran out of memory. Simplify the model, or allow slicing more memory."),
    -15: Failure("machine_change", SETTINGS,
        "{slicer} cannot change this project over to the chosen machine. "
        "Change it in the slicer and upload it again."),
    -16: Failure("machine_incompatible", SETTINGS,
        "The chosen machine is not one that this project can be sliced for."),
    -17: Failure("process_incompatible", SETTINGS,
        "The chosen process is not made for the chosen machine. Choose another process."),
    -18: Failure("project_values", MODEL,
        "The project holds settings with impossible values. Open it in the slicer and correct "
        "what it marks."),
    -19: Failure("project_scripts", MODEL,
        "The project wants to run scripts on the G-code, which the farm never does. "
        "Remove its post-processing scripts and upload it again."),
    -20: Failure("bed_smaller", MODEL,
        "The chosen machine's bed is smaller than the one the project was laid out for. "
        "Choose a larger machine, or arrange it anew in the slicer."),
    -21: Failure("arrange_failed", MODEL,
        "The objects do not fit on the bed together. Slice fewer, or choose a larger machine."),
    -22: Failure("orient_failed", MODEL, "{slicer} could not turn the objects onto a side."),
    -23: Failure("area_changed", SETTINGS,
        "The presets change the machine's printable area, which {slicer} does not allow. "
        "Choose the machine's own preset."),
    -24: Failure("project_too_new", MODEL,
        "The project was saved by a newer version than this {slicer}. Update the slicer."),
    -25: Failure("project_experimental", MODEL,
        "The project uses an experimental feature that {slicer} does not slice on its own."),
    -50: Failure("plate_empty", MODEL,
        "Nothing lies fully on the plate: it is empty, or the model is larger than the bed."),
    -51: Failure("settings_invalid", SETTINGS,
        "The presets do not fit each other or this model."),
    -52: Failure("over_the_edge", MODEL,
        "The model reaches over the edge of the bed or above the machine's height. "
        "Choose a larger machine, or make it smaller."),
    -53: Failure("cache_folder", ENGINE, _CACHE.replace("{what}", "folder")),
    -54: Failure("cache_write", ENGINE, _CACHE.replace("{what}", "writing")),
    -55: Failure("cache_missing", ENGINE, _CACHE.replace("{what}", "missing")),
    -56: Failure("cache_unusable", ENGINE, _CACHE.replace("{what}", "unusable")),
    -57: Failure("cache_load", ENGINE, _CACHE.replace("{what}", "loading")),
    -58: Failure("slicing_too_long", MODEL,
        "Slicing took longer than the slicer may. Simplify the model or use thicker layers."),
    -59: Failure("too_many_triangles", MODEL,
        "The model has more triangles than the farm slices. Simplify it."),
    -60: Failure("nothing_left", MODEL, "No object is left to slice after those to be skipped."),
    -61: Failure("filament_on_plate", SETTINGS,
        "A filament must not be printed on the chosen build plate. Choose another plate type."),
    -62: Failure("filament_temperatures", SETTINGS,
        "The filaments' temperatures are too far apart to be printed together."),
    -63: Failure("collision_by_object", MODEL,
        "Printing object by object, the head would hit one that is finished. "
        "Arrange them further apart."),
    -64: Failure("collision", MODEL, "Objects are in each other's way. Arrange them anew."),
    -65: Failure("vase_mode", SETTINGS,
        "The spiral vase mode does not go with the other settings or this model."),
    -66: Failure("filament_mapping", SETTINGS,
        "The filaments cannot be shared out to this machine's nozzles."),
    -67: Failure("one_tpu_only", SETTINGS,
        "Only one TPU filament can be printed at a time on this machine."),
    -68: Failure("filament_for_nozzle", SETTINGS,
        "A filament cannot be printed with the nozzle it is mapped to."),
    -100: Failure("slicing_failed", MODEL,
        "{slicer} could not slice this model with these presets."),
    -101: Failure("path_conflict", MODEL,
        "The paths of two objects or of the wipe tower cross. Arrange them further apart."),
    -102: Failure("unprintable_area", MODEL,
        "A part lies where the nozzle it needs cannot reach. Move it."),
    -103: Failure("filament_first_layer", SETTINGS,
        "A filament must not be in the first layer on this build plate."),
    -104: Failure("gcode_outside", MODEL,
        "The print would leave the bed: a support, brim, skirt or wipe tower stands over its "
        "edge. Make the model smaller or move it inwards."),
    -105: Failure("wrapping_area", MODEL,
        "The print reaches into the area where the printer looks for wrapped filament."),
}  # fmt: skip
