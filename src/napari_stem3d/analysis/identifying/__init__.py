"""What images cannot tell, and which further images would: mirrors, orbits, hands and tilts."""
