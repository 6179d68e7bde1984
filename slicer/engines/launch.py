"""What stands between the farm and a slicer: takes limits upon itself, then becomes the slicer.

``python -I launch.py MEMORY_BYTES FILE_BYTES PROCESSOR_S NICENESS PROGRAM [ARGUMENT …]``, run by
its path, so that nothing of the farm or of the folder it runs in is imported. A program of its own
because ``preexec_fn`` may lock up in a process that has threads. Not used on Windows.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys

NOT_STARTED = 127
"""Exit code when the program cannot be run at all; the same as a shell's."""


def limit(what: int, most: int) -> None:
    """Set one limit, never above what the system allows this user."""
    import resource

    hard = resource.getrlimit(what)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    try:
        resource.setrlimit(what, (most, most))
    except (OSError, ValueError) as error:  # macOS knows some limits only by name
        print(f"limit {what} is not in force: {error}", file=sys.stderr)  # noqa: T201


def main(arguments: list[str]) -> int:
    """Never returns when the program can be started."""
    import resource

    memory_bytes, file_bytes, processor_s, niceness = (int(text) for text in arguments[:4])
    program = arguments[4:]
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_FSIZE, file_bytes)
    limit(resource.RLIMIT_CPU, processor_s)
    limit(resource.RLIMIT_AS, memory_bytes)
    with contextlib.suppress(PermissionError):  # as nice as the system lets it be
        os.nice(niceness)
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python; a slicer must feel them
        signal.signal(ignored, signal.SIG_DFL)
    try:
        os.execv(program[0], program)  # noqa: S606  (without a shell is what is wanted)
    except OSError as error:
        print(f"{program[0]} cannot be started: {error.strerror}", file=sys.stderr)  # noqa: T201
    return NOT_STARTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
