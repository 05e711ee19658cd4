"""What a test says where this machine lacks the program that it is about."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

REQUIRED = "LIVHANA_REQUIRE_SERVERS"


def not_run(why: str) -> NoReturn:
    """Say so; where everything has to be there, as in CI, that is a failure."""
    told = f"NOT RUN: {why}"
    pytest.fail(told) if os.environ.get(REQUIRED) else pytest.skip(told)
    raise AssertionError("unreachable")
