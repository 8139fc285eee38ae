"""What happens without being asked: one file per recurring job."""
