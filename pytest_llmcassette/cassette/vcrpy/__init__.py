"""VCR.py's cassettes (`version: 1`), with the serializers that real projects put around them."""
