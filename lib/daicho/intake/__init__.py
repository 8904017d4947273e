"""Layer 3: the identified zone. Extracts are read in memory, checked against their contract and pseudonymised; nothing identified is written."""
