"""The scanner of finished files: nothing that names a person of this ledger leaves in any of them."""
