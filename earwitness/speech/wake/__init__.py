"""Wake words, heard on the device."""
