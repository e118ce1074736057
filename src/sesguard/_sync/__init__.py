"""How SES's own list and a list of one's own are brought together."""
