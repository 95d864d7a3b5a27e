"""One file a command, each with a click command named `command`; all it needs beyond click is imported late."""
