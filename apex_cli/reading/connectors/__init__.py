"""Messages of connectors: Singer, Airbyte, Debezium, Kafka. One module for each protocol, one registry."""
