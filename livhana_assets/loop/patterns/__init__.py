"""Room 2: what keeps happening."""
