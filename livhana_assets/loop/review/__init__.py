"""Room 4: who says yes, and to exactly what."""
