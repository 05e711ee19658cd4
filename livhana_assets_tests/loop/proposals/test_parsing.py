"""A source is parsed for what it says, whatever other threads do."""

from __future__ import annotations

import ast
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from livhana_assets.loop.proposals.parsing import parse_python

NESTED = "x = " + "(1, " * 60 + "2" + ")" * 60


class Rubbish:
    """Collected while a tree is built, it lets another thread run in the middle."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        for _ in range(20):
            pass


@contextmanager
def others_parsing() -> Iterator[None]:
    """Threads that parse without asking anybody, as libraries do, with every switch and collection that can come between."""
    done, interval, threshold = Event(), sys.getswitchinterval(), gc.get_threshold()

    def parse() -> None:
        while not done.is_set():
            _ = [Rubbish() for _ in range(20)]
            try:
                ast.parse(NESTED)
            except SystemError:
                continue

    threads = [Thread(target=parse) for _ in range(2)]
    sys.setswitchinterval(1e-6)
    gc.set_threshold(20)
    try:
        for thread in threads:
            thread.start()
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
        gc.set_threshold(*threshold)


@pytest.mark.drill
@pytest.mark.parametrize("text", ["", "x = 1\n", NESTED], ids=["empty", "short", "nested"])
def test_a_source_parses_while_other_threads_parse(text: str) -> None:
    with others_parsing():
        for _ in range(3_000):
            _ = [Rubbish() for _ in range(3)]
            assert isinstance(parse_python(text), ast.Module)


def test_what_is_no_python_is_told_as_before() -> None:
    with pytest.raises(SyntaxError):
        parse_python("def f(:")
    with pytest.raises((SyntaxError, ValueError)):
        parse_python("x\0")
