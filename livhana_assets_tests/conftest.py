"""What holds for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

PAID = ("ANTHROPIC_", "CLOUD_ML_REGION", "IMPROVEMENT_ANALYST", "IMPROVEMENT_CLAUDE_PROVIDER", "IMPROVEMENT_MODEL_")


@pytest.fixture(scope="session", autouse=True)
def nobody_pays_for_tests() -> Iterator[None]:
    """The key and the models of whoever runs the tests are not theirs to use."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.upper().startswith(PAID)]:
            patch.delenv(name)
        yield
