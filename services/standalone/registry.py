"""All services by name: the one list that the command line, the standalone process and the auditor start from."""

from services.awarding.codec import SPEC as AWARDING
from services.budget_ledger.codec import SPEC as BUDGET_LEDGER
from services.intake.codec import SPEC as INTAKE
from services.notification.codec import SPEC as NOTIFICATION
from services.publishing.codec import SPEC as PUBLISHING
from services.reporting.codec import SPEC as REPORTING
from services.scoring.codec import SPEC as SCORING

SPECS = {spec.decider.service: spec for spec in (INTAKE, SCORING, AWARDING, BUDGET_LEDGER, REPORTING, NOTIFICATION, PUBLISHING)}
