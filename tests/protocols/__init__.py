"""A package, so that its tests can share `made` and `compare`."""
