"""Names that a call file may use because a service knows what they mean. Adding one means teaching that service."""

LANGUAGES = ("nl", "en")
"""Every text for people is written in these."""

DATA_CLASSES = ("application", "assessment", "decision", "payment", "report", "contact")
"""Classes of data that are kept for a time of their own."""

PUBLISHED = (
    "applicant",
    "partners",
    "title",
    "purpose",
    "requested",
    "amount",
    "outcome",
    "rank",
    "total",
    "decided_on",
    "project_period",
    "paid",
    "final_grant",
    "refusals",
)
"""What may be told about a decided application."""
