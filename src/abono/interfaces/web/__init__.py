"""The web: pages for staff, subscribers and agents."""
