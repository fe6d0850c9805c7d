#!/bin/sh
# Let somebody outside read the feed, and nothing else: a user with a password, and two rules.
#
#   deploy/kafka/access.sh HOST:PORT USER < password
#
# HOST:PORT is the inner listener. Kafka's own tools must be on the path (in the image: /opt/kafka/bin). To take it back:
# the same commands with --remove and --delete-config.
set -eu
brokers=$1 user=$2
read -r password

kafka-configs.sh --bootstrap-server "$brokers" --alter --entity-type users --entity-name "$user" \
  --add-config "SCRAM-SHA-512=[iterations=8192,password=$password]"

# One topic to read. A reader needs no group: `oproep subscribe` uses none. For those that do, a group under the user's own name.
kafka-acls.sh --bootstrap-server "$brokers" --add --allow-principal "User:$user" \
  --operation Read --operation Describe --topic grants.awards.v1
kafka-acls.sh --bootstrap-server "$brokers" --add --allow-principal "User:$user" \
  --operation Read --group "$user" --resource-pattern-type prefixed

# What a reader may take, in bytes a second: a late joiner catches up, and nobody else is held up.
kafka-configs.sh --bootstrap-server "$brokers" --alter --entity-type users --entity-name "$user" \
  --add-config consumer_byte_rate=10485760
