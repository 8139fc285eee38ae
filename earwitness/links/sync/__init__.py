"""Lists, reminders and alarms of the house that live on a calendar server too."""
