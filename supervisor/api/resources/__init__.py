"""The handlers of the API, a file for each kind of thing. Each file has ``routes(service)``."""
