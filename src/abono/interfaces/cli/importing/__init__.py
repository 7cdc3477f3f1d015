"""``abono import``: a dry run of the very work that ``--commit`` keeps, told line by line."""
