"""What only a Bambu printer has on the wire: MQTT, FTPS, its camera, reports and requests."""
