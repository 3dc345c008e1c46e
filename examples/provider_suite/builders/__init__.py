"""One module per SDK."""
