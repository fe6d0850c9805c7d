"""The Kafka door: the feed as the topic `grants.awards.v1`, a record for each event; on the local bus the same."""
