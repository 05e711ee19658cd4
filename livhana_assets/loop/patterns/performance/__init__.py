"""What is slow, and what became slower: exact daily figures, mergeable histograms, changes that stay."""
