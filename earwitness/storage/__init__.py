"""What is kept outside memory, and how: SQL databases and their schema; files that are whole or not there."""
