"""The local page of ``verify serve``: small networks to play with, one's own network, the examples and the book.

The browser draws and asks; every number comes from this process or from a worker that it started. ``guard`` says who
may ask, ``server`` routes, ``playground`` and ``live`` answer about small networks at once, ``desks``, ``jobs`` and
``worker`` about files.
"""
