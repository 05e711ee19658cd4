"""The Liv Hana self-improvement loop.

sources      what the platform tells about itself
  → patterns     what keeps happening
  → proposals    what could be changed, proved
  → review       who says yes, and to exactly what
  → execution    make it so, or leave no trace
  → outcomes     did it help?
  ↺              outcomes are rows that sources read on the next turn
"""
