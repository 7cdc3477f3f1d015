"""Pure arithmetic of billing: exact, without a clock, a database or a framework; the standard library only."""
