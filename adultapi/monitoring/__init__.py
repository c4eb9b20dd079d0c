"""What the service says about itself: health, metrics and log lines."""
