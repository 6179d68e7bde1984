; rig: wipe after a filament change without touching the button. Bambu A1, "Change filament G-code":
; put it in the place of the stock lines that wipe between X-38.2 and X-48.2; where stock moves to
; X-48.2 for another reason (flushing), write X-46.5. Else every flush is a click, and several
; quick ones end the recording.
G90
G1 X-38.2 F18000
G1 X-46.5 F3000
G1 X-38.2 F18000
G1 X-46.5 F3000
G1 X-38.2 F18000
G1 X-46.5 F3000
G1 X-38.2 F18000
M400
