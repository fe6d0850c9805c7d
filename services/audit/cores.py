"""The cores of all services by name: what the desk decides everything again with. No wire, no store, no server."""

from services.awarding.core import DECIDER as AWARDING
from services.budget_ledger.core import DECIDER as BUDGET_LEDGER
from services.intake.core import DECIDER as INTAKE
from services.notification.core import DECIDER as NOTIFICATION
from services.publishing.core import DECIDER as PUBLISHING
from services.reporting.core import DECIDER as REPORTING
from services.scoring.core import DECIDER as SCORING

CORES = {decider.service: decider for decider in (INTAKE, SCORING, AWARDING, BUDGET_LEDGER, REPORTING, NOTIFICATION, PUBLISHING)}
