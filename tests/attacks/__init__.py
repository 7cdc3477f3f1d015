"""Attacks of strangers and of one tenant on an ``abono up`` that serves another tenant too (``make attacks``)."""
