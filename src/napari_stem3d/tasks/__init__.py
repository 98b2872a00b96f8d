"""What networks are trained for and judged on: simulation and networks meet here."""
