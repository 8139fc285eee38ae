"""Away from home: the tunnel (WireGuard) through which phones of the household reach it. Nothing else goes through it."""
