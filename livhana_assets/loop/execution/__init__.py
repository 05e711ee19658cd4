"""Room 5: make it so, or leave no trace."""
