"""The rigs (rig/): what they report, their pictures, and what the farm tells them."""
