"""Any YAML file as a tree of strings, for the formats that are written in YAML."""
