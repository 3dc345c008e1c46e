"""How a recorded answer is delivered: head, pieces, and when each comes. Knows no HTTP client."""
