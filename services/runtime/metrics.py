"""Names of the metrics, in one place. Prometheus reads them where `OPROEP_METRICS` says."""

from prometheus_client import Counter, Gauge, Histogram

commands = Counter("oproep_commands", "Commands decided", ["service", "command", "outcome"])
commit_seconds = Histogram("oproep_commit_seconds", "Time of one transaction", ["log"])
log_length = Gauge("oproep_log_length", "Entries in the log", ["log"])
relay_lag = Gauge("oproep_relay_lag", "Entries that the bus has not acknowledged", ["log"])
reader_next = Gauge(
    "oproep_reader_next", "Next entry that a service wants of a log; the log's length less this is its lag", ["service", "log"]
)
parked = Gauge("oproep_parked", "Records set aside", ["log"])
certificate_expires = Gauge(
    "oproep_certificate_expires", "When the certificate that the process shows ends, in seconds since 1970; 0: it shows none"
)
up = Gauge("oproep_up", "1 while the service writes its logs", ["service"])
mails = Counter("oproep_mails", "Mails by outcome", ["outcome"])
webhooks = Counter("oproep_webhooks", "Attempts at deliveries to endpoints, by what became of them", ["reason"])
