"""Layer 5: the gate, the one door between the pseudonymised ledger and released figures."""
