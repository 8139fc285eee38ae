"""The page and the JSON API: what a browser reads over HTTP. It opens no microphone session; `server` does."""
