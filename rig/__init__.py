"""The rig: a small computer beside a printer with a camera, a button, lamps and a sensor.

It runs on a Raspberry Pi of its own and imports nothing of the farm; docs/rig.md has the protocol
between the two.
"""

VERSION = "1.0"
