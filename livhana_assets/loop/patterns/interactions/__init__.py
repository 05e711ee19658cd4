"""What customers ask: questions grouped without knowing how many kinds there are, and how well each kind is answered."""
