"""Layer 9: the commands. Each verb is one function that reads like the manual; work is done in the layers below."""
