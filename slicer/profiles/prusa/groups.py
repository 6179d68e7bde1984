"""Which of PrusaSlicer's settings belongs to which kind of preset, and which the farm never takes.

Names as of PrusaSlicer 2.5 to 2.9; what is named nowhere here belongs to the process.
"""

from __future__ import annotations

from slicer.profiles.presets import PresetKind

SCRIPTS = "post_process"
"""Programs that PrusaSlicer starts with the finished file (CVE-2023-47268)."""

DROPPED = frozenset(
    {
        SCRIPTS, "output_filename_format",  # would run or write something outside
        "print_host", "printhost_apikey", "printhost_cafile", "printhost_port", "host_type",
        "printhost_authorization_type", "printhost_user", "printhost_password",
        "printhost_ssl_ignore_revoke", "serial_port", "serial_speed",
        "physical_printer_settings_id",
        "bed_custom_model", "bed_custom_texture", "threads",
        "inherits", "inherits_cummulative", "inherits_group", "renamed_from", "vendor",
        "compatible_printers", "compatible_printers_condition", "compatible_prints",
        "compatible_prints_condition", "compatible_printers_condition_cummulative",
        "compatible_prints_condition_cummulative", "default_print_profile",
        "default_filament_profile", "default_sla_material_profile", "default_sla_print_profile",
        "printer_settings_id", "print_settings_id", "filament_settings_id", "alias",
    }
)  # fmt: skip

MACHINE = frozenset(
    {
        "printer_technology", "printer_model", "printer_variant", "printer_vendor", "printer_notes",
        "bed_shape", "max_print_height", "z_offset", "gcode_flavor", "use_relative_e_distances",
        "use_firmware_retraction", "use_volumetric_e", "variable_layer_height", "silent_mode",
        "remaining_times", "single_extruder_multi_material", "nozzle_diameter", "extruder_offset",
        "extruder_colour", "min_layer_height", "max_layer_height", "start_gcode", "end_gcode",
        "before_layer_gcode", "layer_gcode", "toolchange_gcode", "between_objects_gcode",
        "color_change_gcode", "pause_print_gcode", "template_custom_gcode",
        "cooling_tube_retraction", "cooling_tube_length", "high_current_on_filament_swap",
        "parking_pos_retraction",
        "extra_loading_move", "multimaterial_purging", "thumbnails", "thumbnails_format",
        "retract_length", "retract_lift", "retract_lift_above", "retract_lift_below",
        "retract_speed", "deretract_speed", "retract_restart_extra", "retract_before_travel",
        "retract_layer_change", "retract_before_wipe", "wipe", "retract_length_toolchange",
        "retract_restart_extra_toolchange", "machine_limits_usage", "extrusion_axis",
        "autoemit_temperature_commands", "binary_gcode", "travel_ramping_lift",
        "travel_max_lift", "travel_slope", "travel_lift_before_obstacle",
        "nozzle_high_flow", "prefer_clockwise_movements",
    }
)  # fmt: skip
FILAMENT = frozenset(
    {
        "temperature", "first_layer_temperature", "bed_temperature", "first_layer_bed_temperature",
        "chamber_temperature", "chamber_minimal_temperature", "extrusion_multiplier", "cooling",
        "fan_always_on", "fan_below_layer_time", "slowdown_below_layer_time", "min_print_speed",
        "min_fan_speed", "max_fan_speed", "bridge_fan_speed", "disable_fan_first_layers",
        "full_fan_speed_layer", "start_filament_gcode", "end_filament_gcode", "idle_temperature",
        "enable_dynamic_fan_speeds", "overhang_fan_speed_0", "overhang_fan_speed_1",
        "overhang_fan_speed_2", "overhang_fan_speed_3",
    }
)  # fmt: skip
FILAMENT_TEXTS = frozenset(
    {
        "filament_colour", "filament_type", "filament_notes", "filament_vendor",
        "filament_ramming_parameters", "start_filament_gcode", "end_filament_gcode",
    }
)  # fmt: skip
"""Of several filaments these are divided by semicolons, all others by commas."""


def kind_of(key: str) -> PresetKind:
    if key in MACHINE or key.startswith(("machine_max_", "machine_min_")):
        return PresetKind.MACHINE
    if key in FILAMENT or key.startswith("filament_"):
        return PresetKind.FILAMENT
    return PresetKind.PROCESS
