"""Out to an MQTT broker: what every printer does, for Home Assistant and others. docs/mqtt.md."""
