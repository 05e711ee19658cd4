"""The simulated customers behind traffic.py."""
