"""Layer 0: rules of law and arithmetic that need no data: ages, fiscal years, eras, money, errors, configuration."""
