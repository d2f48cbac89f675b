"""Virtual boards: machines that run the same program, reached through a real tty."""
