"""Several people's readings of the same items: how far they agree, and what is most likely true."""
