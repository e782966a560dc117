"""What connectors to embedded databases share."""
