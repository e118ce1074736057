"""What an e-mail is checked and written by: `sesguard.mail`, `addresses` and `mime` gather it."""
