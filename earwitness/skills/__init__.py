"""What the assistant can do: intents in, truthful sentences out. Skills reach the outside only through links."""
