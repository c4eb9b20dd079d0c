"""A database backend for passwords that rotate, chosen by `DATABASE_PASSWORD_FILE`."""
