"""Doors outward, one module or package per tool, named `<tool>_<port>`."""
