"""A stand-in for Prefect's flow-run API."""
