"""Attacks on a server, one table for each door, and the bound that each is held to."""
