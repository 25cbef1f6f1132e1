"""Pages and pictures of the memory: one HTML file that needs no network, Mermaid and DOT."""
