"""The command line: the only place that prints, exits and runs the event loop."""
