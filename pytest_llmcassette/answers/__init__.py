"""What one exchange meant and cost: read once, accounted for, compared."""
