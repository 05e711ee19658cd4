"""Texts as vectors: TF-IDF of characters and of words, reduced by latent semantic analysis. No weights are downloaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from livhana_assets.loop.patterns.interactions.words import telling_words

if TYPE_CHECKING:
    import numpy as np

Encode = Callable[[Sequence[str], int], "np.ndarray[Any, Any]"]
"""One row per text. Texts from the given number on do not shape the space. Sentence embeddings can stand in here; they ignore the number."""
DIMENSIONS = 150
FEW = 100
"""Below so many texts a word that occurs once counts too."""


def lexical_vectors(texts: Sequence[str], fitted: int) -> np.ndarray[Any, Any]:
    """Unit vectors of at most 3√n and 150 dimensions; a row is zero where a text shares nothing with any other.

    Deerwester et al., "Indexing by Latent Semantic Analysis" (1990). Few texts cannot carry many dimensions, hence 3√n."""
    import numpy as np
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import normalize

    counts = _tf_idf(texts, fitted)
    dimensions = min(DIMENSIONS, int(3 * fitted**0.5), fitted - 1, counts.shape[1] - 1)
    if dimensions < 2:
        return np.asarray(normalize(counts).todense())
    reduced = TruncatedSVD(dimensions, random_state=0).fit(counts[:fitted]).transform(counts)
    return np.asarray(normalize(reduced), dtype=np.float32)


def _tf_idf(texts: Sequence[str], fitted: int) -> Any:
    from scipy.sparse import hstack
    from sklearn.preprocessing import normalize

    blocks = [
        _block(texts, fitted, analyzer="char_wb", ngram_range=(3, 5)),
        _block(texts, fitted, tokenizer=telling_words, token_pattern=None, ngram_range=(1, 2)),
    ]
    return normalize(hstack([block for block in blocks if block is not None]).tocsr())


def _block(texts: Sequence[str], fitted: int, **how: Any) -> Any:
    """One kind of TF-IDF, or None where no text has any such feature: only stop words, for instance."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    for least in (1,) if fitted < FEW else (2, 1):
        counted = TfidfVectorizer(min_df=least, sublinear_tf=True, dtype=np.float32, **how)
        try:
            return counted.fit(texts[:fitted]).transform(texts)
        except ValueError:  # an empty vocabulary
            continue
    return None
