"""What in the code invites the next fault: read from its history, its coverage reports and its source."""
