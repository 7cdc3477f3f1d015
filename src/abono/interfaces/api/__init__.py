"""REST under ``/api/v1``: what the web can do, for programs."""
