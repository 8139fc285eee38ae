"""Legal demands: taken in, looked at by rules, narrowed or contested, and answered with as little as is lawful, in the open."""
