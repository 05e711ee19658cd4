"""Room 3: what could be changed, and the proof that the change works."""
