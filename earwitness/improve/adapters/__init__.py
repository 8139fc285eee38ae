"""What learns from judgements: one adapter per file (improve/adapting.py says what one is)."""
