"""``abono demo``: a world to look at, three months of it played through the real engine."""
