"""What office programs write: the packages and containers of their files, word processor documents."""
