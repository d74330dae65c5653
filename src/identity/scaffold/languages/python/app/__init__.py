"""An AI agent with an identity of its own."""
