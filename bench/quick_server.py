"""``api_server.py`` as it is, but with the queue's waits given in the environment.

A start that shows nothing is in doubt after three minutes; printers that live a thousand times as
fast cannot wait so long. FARM_TIMING is a JSON object with fields of job_queue.timing.Timing.
"""

from __future__ import annotations

import json
import os
import sys
from functools import partial

import api_server
from job_queue.service import JobService
from job_queue.timing import Timing


def hasten() -> None:
    """From now on every JobService of the entry waits as long as FARM_TIMING says."""
    timing = Timing(**json.loads(os.environ.get("FARM_TIMING", "{}")))
    vars(api_server)["JobService"] = partial(JobService, timing=timing)


if __name__ == "__main__":
    hasten()
    sys.exit(api_server.main(sys.argv[1:]))
