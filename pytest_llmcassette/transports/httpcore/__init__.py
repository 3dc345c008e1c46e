"""The binding of httpcore and httpcore2, on which httpx and httpx2 stand."""
