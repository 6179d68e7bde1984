"""Generated inputs are the same in every run, so that a red test stays red until it is mended.

``HYPOTHESIS_PROFILE=explore python -m pytest tests/printers`` looks for new ones.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
