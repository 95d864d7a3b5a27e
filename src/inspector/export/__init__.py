"""What leaves the program: text for people, JSON for programs, packets for other tools."""
