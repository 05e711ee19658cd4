"""Room 1: what the platform tells about itself."""
