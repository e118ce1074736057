"""A mail: as a request brings it, as SES reads it, as its recipient gets it."""
