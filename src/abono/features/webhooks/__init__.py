"""Webhooks: what happened, told to the programs of operators (Standard Webhooks)."""
