"""Layer 6: tables, charts and sentences, made from releases of the gate and from nothing else."""
