"""Django's PostgreSQL backend for a service: sessions that are kept, passwords that rotate."""
