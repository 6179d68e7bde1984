; rig: one picture per layer. Bambu A1, field "Time lapse G-code".
; Put this BEFORE the stock text of that field and keep the stock text: it also holds the
; nozzle-clog checks (G39), which run with or without pictures. In the stock text comment out only
; the line M971 (the printer's own camera), if its photos are not wanted as well.
; PARK: the lines marked <- park are a setting. X-48 is where the head touches the button, X-44 is
; clear of it; Y moves the bed, Y128 shows the part in the middle, Y250 in front.
; The rig needs M400 P1000: click_gap (0.3 s) and one picture of the camera fit into it.
{if !spiral_mode && print_sequence != "by object"}
; SKIPPABLE_START
; SKIPTYPE: timelapse
M622.1 S1
M1002 judge_flag timelapse_record_flag
M622 J1
G90
M83
G92 E0
G1 E-0.8 F1800
G2 Z{layer_z + 0.4} I0.86 J0.86 P1 F20000
G1 Z{max_layer_z + 0.4} F1200
G1 X-44 Y128 F30000 ; <- park
M400
G1 X-48 F18000 ; <- park
M400 P1000
G1 X-44 F18000 ; <- park
G1 X0 F18000
G1 E0.8 F1800
M623
; SKIPPABLE_END
{endif}
