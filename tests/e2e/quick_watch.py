"""``api_server.py`` as it is, but the defect watch may pause at once: in the first five minutes of
a print it never does, and a test in a browser does not wait so long."""

from __future__ import annotations

import sys

import api_server
from alerts.defects import rhythm

if __name__ == "__main__":
    vars(rhythm)["NO_PAUSE_S"] = 0.0
    sys.exit(api_server.main(sys.argv[1:]))
