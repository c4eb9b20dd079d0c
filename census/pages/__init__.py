"""What people look at: the explorer and the pages beside it."""
