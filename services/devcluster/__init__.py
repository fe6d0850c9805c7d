"""A throw-away Kafka cluster and a PostgreSQL server on this machine, from Python packages and pinned jars alone.

    with start(brokers=3, directory=path) as cluster:
        use(cluster.bootstrap)

For tests, demonstrations and measuring. Everything listens on loopback or a socket file, and ends with the process that
started it, however that one ends. `python -m services.devcluster` runs one by hand.
"""

from services.devcluster.cluster import Cluster, ClusterError, start
from services.devcluster.postgres import Postgres, start_postgres

__all__ = ["Cluster", "ClusterError", "Postgres", "start", "start_postgres"]
