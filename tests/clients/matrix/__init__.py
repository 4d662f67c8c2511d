"""Clients of the gate that people use: how each is installed, run and checked."""
