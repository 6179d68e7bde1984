; rig: start the recording. Bambu A1, the very end of "Machine start G-code", behind everything
; stock. Leave it out when the rig's setting "follow" is "print": then the farm starts it.
; Three touches within click_gap (0.3 s each) are "start".
{if !spiral_mode && print_sequence != "by object"}
M622.1 S1
M1002 judge_flag timelapse_record_flag
M622 J1
G91
G1 Z2 F1200
G90
G1 X-44 F30000 ; <- park
M400 P600
G1 X-48 F18000 ; <- park
G1 X-44 F18000 ; <- park
G1 X-48 F18000 ; <- park
G1 X-44 F18000 ; <- park
G1 X-48 F18000 ; <- park
G1 X-44 F18000 ; <- park
M400 P600
G91
G1 Z-2 F1200
G90
M623
{endif}
