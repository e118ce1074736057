"""The SMTP door of the simulated account."""
