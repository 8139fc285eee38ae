"""What alarms ring with: sounds that this project makes, and music of the household's own files."""
