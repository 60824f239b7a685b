"""Custom integrations of this checkout."""
