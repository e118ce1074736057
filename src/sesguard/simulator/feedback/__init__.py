"""What SES tells of mails: the records, who gets them, and by which way."""
