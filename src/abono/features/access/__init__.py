"""People and programs: who they are, what they may do, and where."""
