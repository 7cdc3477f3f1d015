"""A second opinion: the rules of charging in plain Python, written from their text and not from the engine.

``world.World`` takes a story as ``abono simulate`` reads it, step by step, and says what must be seen after each. It is
slow and obvious on purpose: one account at a time, one instant after the other, integers and fractions only. Nothing
here imports the engine, and nothing of the engine may be copied here; where the two differ, the text decides.
"""
