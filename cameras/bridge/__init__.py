"""A small camera server of its own, for a Pi beside a printer: ``python -m cameras.bridge``.

One TCP camera has one reader here; browsers get ``/snapshot.jpg`` and ``/stream.mjpg`` and
nothing else, Prusa Connect gets a picture every so often. It needs neither the farm nor Flask: for
two fixed paths the standard library's threaded HTTP server is enough, and a Pi's memory is small.
"""
