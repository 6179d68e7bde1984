; rig: the last picture, then stop and build. Bambu A1, "Machine end G-code": behind the stock
; lines that lift the head from the part, before those that switch the motors off (M84, M18).
; Leave the stock parking as it is: a single touch while nothing is recorded only takes a photo.
{if !spiral_mode && print_sequence != "by object"}
M622.1 S1
M1002 judge_flag timelapse_record_flag
M622 J1
G90
G1 Z{max_layer_z + 0.5} F1200
G1 X-44 Y128 F30000 ; <- park
M400
G1 X-48 F18000 ; <- park
M400 P1000
G1 X-44 F18000 ; <- park
M400 P600
G1 X-48 F18000 ; <- park
G1 X-44 F18000 ; <- park
G1 X-48 F18000 ; <- park
G1 X-44 F18000 ; <- park
G1 X-48 F18000 ; <- park
G1 X-44 F18000 ; <- park
M400 P600
M623
{endif}
