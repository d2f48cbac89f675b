"""Where the time of one inference goes: by operator of the network and by function, and what its memory holds."""
