"""What customers wish for: requests told apart from complaints and fault reports, grouped, and ranked by their value."""
