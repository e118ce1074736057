"""sesguard: the guard for Amazon SES."""
