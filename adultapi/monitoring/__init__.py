"""Health checks, metrics and logs of the service."""
