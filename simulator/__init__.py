"""Virtual printers that speak the real wire protocols on loopback: demo, rehearsal, tests."""
