"""What the connectors that use the network share: listening, connections, HTTP, TLS."""
