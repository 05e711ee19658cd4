"""Detectors of regressions side by side: ours, and its peers. Each takes series and gives, for each, the places of rises by a tenth or more."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from latency_series import Values

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench" / "peers")]

from environment import NotRun, prepare  # noqa: E402

from livhana_assets.loop.patterns.performance.changes import regressions  # noqa: E402

LEAST_RATIO = 1.1
OTAVA_VENV, OTAVA_LOCK = ROOT / ".venv-otava", ROOT / "bench" / "peers" / "otava.lock"

Found = list[list[int]]


@dataclass(frozen=True)
class Run:
    found: Found
    cpu_s: float


@dataclass(frozen=True)
class Detector:
    name: str
    run: Callable[[Sequence[Values], int], Run]
    """Series and the period of their season → what was found. Raises NotRun."""


def ours(series: Sequence[Values], period: int) -> Run:
    return _timed(series, lambda values: [change.place for change in regressions(values, period)])


def _timed(series: Sequence[Values], detect: Callable[[Values], list[int]]) -> Run:
    started = time.process_time()
    found = [detect(values) for values in series]
    return Run(found, time.process_time() - started)


def plain_kernel(series: Sequence[Values], _: int) -> Run:
    """KernelCPD, rbf, on log p95 over 1.4826 · MAD(differences) / √2, penalty ln n, at least 5 points: what the issue starts from."""
    return _timed(series, _plain_kernel)


def _plain_kernel(values: Values) -> list[int]:
    import ruptures

    log = np.log(np.maximum(values, 1e-9))
    steps = np.diff(log)
    scale = 1.4826 * float(np.median(np.abs(steps - np.median(steps)))) / np.sqrt(2)
    cuts = ruptures.KernelCPD(kernel="rbf", min_size=5).fit((log / scale)[:, None]).predict(pen=float(np.log(len(log))))
    levels = [float(np.median(log[start:end])) for start, end in zip([0, *cuts], cuts, strict=False)]
    rises = zip(cuts, levels, levels[1:], strict=False)
    return [cut for cut, before, after in rises if after - before >= np.log(LEAST_RATIO)]


def rolling(series: Sequence[Values], _: int) -> Run:
    """The mean of 7 points against the 28 before them: over a tenth, and over three standard errors; told once a rise, where it is greatest."""
    return _timed(series, _rolling)


def _rolling(values: Values) -> list[int]:
    rises: list[list[tuple[float, int]]] = []
    for place in range(28, len(values) - 6):
        before, after = values[place - 28 : place], values[place : place + 7]
        rise, error = float(after.mean() - before.mean()), float(np.std(before, ddof=1)) * np.sqrt(1 / 7 + 1 / 28)
        if after.mean() > LEAST_RATIO * before.mean() and rise > 3 * error:
            if not rises or place - rises[-1][-1][1] > 7:
                rises.append([])
            rises[-1].append((rise, place))
    return [max(one)[1] for one in rises]


def otava(options: dict[str, float]) -> Callable[[Sequence[Values], int], Run]:
    def run(series: Sequence[Values], _: int) -> Run:
        python = prepare(OTAVA_VENV, OTAVA_LOCK)
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, "series.json"), Path(folder, "found.json")
            source.write_text(json.dumps({"series": [list(map(float, one)) for one in series], "options": options}))
            command = [str(python), "-W", "ignore", str(ROOT / "bench/peers/otava_peer.py"), str(source), str(target)]
            try:
                subprocess.run(command, check=True, capture_output=True, text=True, timeout=1800)
            except subprocess.SubprocessError as error:
                said = (getattr(error, "stderr", "") or str(error)).strip().splitlines() or [str(error)]
                raise NotRun(f"it failed: {said[-1][:200]}") from error
            told = json.loads(target.read_text())
        return Run(told["found"], told["cpu_s"])

    return run


OURS = Detector("ours: KernelCPD and GLS under AR(1), both", ours)
PEERS = (
    Detector("plain KernelCPD, penalty ln n", plain_kernel),
    Detector("rolling 7 against 28 days", rolling),
    Detector("apache-otava, p ≤ 1e-5", otava({"max_pvalue": 1e-5})),
    Detector("apache-otava, defaults", otava({})),
)
