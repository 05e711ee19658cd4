"""Groups of texts that ask the same, without knowing how many there are. Only scikit-learn and SciPy.

Texts become vectors; each vector walks a few steps over the graph of its nearest neighbours, so that paraphrases without a common word
meet through those that share words with both (Zhang et al., "Attributed Graph Clustering via Adaptive Graph Convolution", 2019). Ward's
method (1963) then merges them, and the silhouette (Rousseeuw, 1987) says where to cut. The result does not depend on the order of rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livhana_assets.loop.patterns.interactions.vectors import Encode, lexical_vectors

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

ALONE = -1
"""The group of the texts that share nothing with any other."""
CAP = 6000
"""Ward's method holds a distance for each pair: of more texts the most frequent are merged and the others assigned to the nearest centre."""
NEIGHBOURS, STEPS = 15, 4
"""Of fewer than 225 texts each has a fifteenth of them as neighbours, 4 at least, or small groups would run into each other."""
FEWEST = 30
"""Below so many texts there is no graph worth walking on; average linkage is cut at a fixed distance."""
FIXED_CUT = 0.85
NEAR_BEST = 0.97
"""The silhouette is flat about its maximum: the fewest groups that reach so much of it are taken, as with the one-standard-error rule."""
CUTS = 36
SMALLEST_MEAN, MOST = 4, 1000
"""No cut is tried that leaves fewer texts to a group on average, or has more groups."""


@dataclass(frozen=True)
class Clustering:
    """For each text of a sorted, distinct sequence: its group, and how near it is to the group's centre (cosine)."""

    texts: tuple[str, ...]
    labels: tuple[int, ...]
    nearness: tuple[float, ...]

    def label_of(self) -> dict[str, int]:
        return dict(zip(self.texts, self.labels, strict=True))

    @property
    def count(self) -> int:
        """How many groups there are, the one of the lonely texts not among them."""
        return len(set(self.labels) - {ALONE})


def cluster(frequency: Mapping[str, int], encode: Encode = lexical_vectors, cap: int = CAP) -> Clustering:
    """The distinct texts in groups. `frequency`: how often each text occurs, which only decides what is assigned beyond the cap."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    first = sorted(frequency, key=lambda text: (-frequency[text], text))
    merged, rest = sorted(text for text in first[:cap] if text), sorted(text for text in first[cap:] if text)
    texts = (*merged, *rest)
    if len(merged) < 2:
        return _arranged(
            [*texts, *[text for text in first if not text]], [0] * len(texts) + [ALONE], [1.0] * len(texts) + [0.0]
        )
    with threadpool_limits(limits=1):  # sums in one order, whatever the number of cores
        labels, nearness = _grouped(encode(texts, len(merged)), len(merged))
    blank = [text for text in first if not text]
    return _arranged(
        [*texts, *blank],
        [*labels.tolist(), *[ALONE] * len(blank)],
        [*np.round(nearness, 6).tolist(), *[0.0] * len(blank)],
    )


def _arranged(texts: Sequence[str], labels: Sequence[int], nearness: Sequence[float]) -> Clustering:
    """Sorted by text, groups numbered in the order in which their first text stands."""
    rows = sorted(zip(texts, labels, nearness, strict=False))
    order: dict[int, int] = {ALONE: ALONE}
    for _, label, _ in rows:
        order.setdefault(label, len(order) - 1)
    return Clustering(
        tuple(row[0] for row in rows), tuple(order[row[1]] for row in rows), tuple(float(row[2]) for row in rows)
    )


def _grouped(vectors: Array, merged: int) -> tuple[Array, Array]:
    import numpy as np

    known = np.flatnonzero(np.abs(vectors).sum(axis=1) > 0)
    labels = np.full(len(vectors), ALONE)
    nearness = np.zeros(len(vectors))
    base = known[known < merged]
    if len(base) < 2:
        labels[known] = 0
        return labels, nearness
    if len(base) < FEWEST:
        places, at = _few(vectors[base]), vectors
    else:
        smoothed = _walked(vectors[base])
        places = _best_cut(smoothed)
        at = np.zeros((len(vectors), vectors.shape[1]), dtype=np.float32)
        at[base] = smoothed
        others = known[known >= merged]
        at[others] = _placed(vectors[others], vectors[base], smoothed)
    centres = _centres(at[base], places)
    for start in range(0, len(known), 4096):
        some = known[start : start + 4096]
        similar = at[some] @ centres.T
        labels[some], nearness[some] = similar.argmax(axis=1), similar.max(axis=1)
    labels[base] = places
    nearness[base] = np.einsum("ij,ij->i", at[base], centres[places])
    return labels, nearness


def _few(vectors: Array) -> Array:
    import numpy as np
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist

    distances = np.clip(pdist(vectors.astype(float), "cosine"), 0, 2)
    return np.asarray(fcluster(linkage(distances, "average"), FIXED_CUT, "distance") - 1)


def _walked(vectors: Array) -> Array:
    """Each vector after some steps of a lazy random walk over its nearest neighbours, to unit length again."""
    import numpy as np
    from scipy.sparse import csr_matrix, diags, identity
    from sklearn.preprocessing import normalize

    count = len(vectors)
    near, similar = _neighbours(vectors, vectors, min(_reach(count) + 1, count))
    rows = np.repeat(np.arange(count), near.shape[1])
    graph = csr_matrix((similar.ravel(), (rows, near.ravel())), shape=(count, count))
    graph = graph.maximum(graph.T) + identity(count)
    step = diags(1 / np.asarray(graph.sum(axis=1)).ravel()) @ graph
    walked = vectors.astype(float)
    for _ in range(STEPS):
        walked = step @ walked
    return np.asarray(normalize(walked), dtype=np.float32)


def _placed(vectors: Array, known: Array, walked: Array) -> Array:
    """Vectors that were not merged, where their neighbours have come to by walking."""
    import numpy as np
    from sklearn.preprocessing import normalize

    if not len(vectors):
        return vectors
    near, similar = _neighbours(vectors, known, min(_reach(len(known)), len(known)))
    return np.asarray(normalize(np.einsum("ij,ijk->ik", similar, walked[near])), dtype=np.float32)


def _reach(count: int) -> int:
    return max(4, min(NEIGHBOURS, count // 15))


def _neighbours(vectors: Array, among: Array, count: int) -> tuple[Array, Array]:
    """The nearest of `among` for each vector and their cosines, negative ones as 0; ties are broken by place."""
    import numpy as np

    near = np.empty((len(vectors), count), dtype=np.int64)
    similar = np.empty((len(vectors), count), dtype=np.float32)
    for start in range(0, len(vectors), 1024):
        cosines = vectors[start : start + 1024] @ among.T
        chosen = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        near[start : start + 1024] = chosen
        similar[start : start + 1024] = np.clip(np.take_along_axis(cosines, chosen, axis=1), 0, None)
    return near, similar


def _best_cut(vectors: Array) -> Array:
    """Labels of the cut of Ward's tree with the fewest groups whose mean silhouette is near the best of all cuts tried."""
    import numpy as np
    from scipy.cluster.hierarchy import fcluster, linkage

    tree = linkage(vectors, "ward")
    most = max(3, min(len(vectors) // SMALLEST_MEAN, MOST))
    cuts = [
        np.asarray(fcluster(tree, count, "maxclust") - 1)
        for count in sorted({round(value) for value in np.geomspace(2, most, CUTS)})
    ]
    told = [_silhouette(vectors, labels) for labels in cuts]
    return next(labels for labels, value in zip(cuts, told, strict=True) if value >= NEAR_BEST * max(told))


def _silhouette(vectors: Array, labels: Array) -> float:
    """The mean silhouette in cosine distance, exact and without any pair: a mean of cosines is the cosine with a mean vector."""
    import numpy as np

    sizes = np.bincount(labels).astype(np.float32)
    distances = 1 - vectors @ (_sums(vectors, labels) / sizes[:, None]).T
    rows = np.arange(len(vectors))
    own = distances[rows, labels] * sizes[labels] / np.maximum(sizes[labels] - 1, 1)
    distances[rows, labels] = np.inf
    other = distances.min(axis=1)
    one = np.where(sizes[labels] > 1, (other - own) / np.maximum(np.maximum(other, own), 1e-9), 0)
    return float(one.mean()) if len(sizes) > 1 else 0.0


def _sums(vectors: Array, labels: Array) -> Array:
    from scipy.sparse import csr_matrix

    members = csr_matrix(([1.0] * len(labels), (labels, range(len(labels)))), dtype="float32")
    return members @ vectors  # type: ignore[no-any-return]


def _centres(vectors: Array, labels: Array) -> Array:
    from sklearn.preprocessing import normalize

    return normalize(_sums(vectors, labels))  # type: ignore[no-any-return]
