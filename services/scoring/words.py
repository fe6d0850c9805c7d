"""The sentences of an explanation, in each language. A test holds the languages to the same gaps."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Sentences with named gaps; `point` stands between the whole and the decimals of a number."""

    point: str
    unranked: str
    outdated: str
    place: str
    total: str
    criterion: str
    given: str
    mean: str
    moderated: str
    minima_reached: str
    below_minimum: str
    below_minimum_total: str
    ineligible: str
    above: str
    below: str
    higher_total: str
    not_eligible_below: str
    tie: str
    step_criterion: str
    step_smaller_request: str
    step_earlier_submission: str
    step_application_id: str
    tie_path: str
    advice: str


WORDS = {
    "nl": Words(
        point=",",
        unranked="Aanvraag {application} heeft in oproep {call} geen plaats in een rangschikking.",
        outdated="Aanvraag {application} staat niet in rangschikking {version} van oproep {call}; haar laatste plaats:",
        place="Aanvraag {application} staat op plaats {rank} in rangschikking {version} van oproep {call}.",
        total="Totaal: {total}, op een schaal van 0 tot 1.",
        criterion="- {label} (gewicht {weight} van {weights}, 0 tot {scale} punten, minimum {minimum}): {given}; "
        "{mean}; telt voor {contribution} mee in het totaal.",
        given="{assessor} gaf {points}",
        mean="gemiddeld {mean}",
        moderated="de punten lagen te ver uiteen, de voorzitter bepaalde {points} ({ground})",
        minima_reached="Alle minima zijn gehaald; het totaal moest minstens {minimum} zijn.",
        below_minimum="Niet gehaald: {label} heeft {mean}, minstens {minimum} was nodig.",
        below_minimum_total="Niet gehaald: het totaal is {total}, minstens {minimum} was nodig.",
        ineligible="De aanvraag komt daarom niet in aanmerking en staat na alle aanvragen die dat wel doen.",
        above="Daarboven, op plaats {rank}: aanvraag {application}, totaal {total}. {reason}",
        below="Daaronder, op plaats {rank}: aanvraag {application}, totaal {total}. {reason}",
        higher_total="Het hogere totaal gaat voor.",
        not_eligible_below="De aanvraag die in aanmerking komt, gaat voor.",
        tie="De totalen zijn gelijk; het verschil maakte: {step}.",
        step_criterion="het hoogste gemiddelde op {label}",
        step_smaller_request="het kleinste gevraagde bedrag",
        step_earlier_submission="de vroegste indiening",
        step_application_id="het nummer van de aanvraag",
        tie_path="Bij een gelijk totaal gescheiden door: {steps}.",
        advice="Een rangschikking is een advies: ze kent niets toe.",
    ),
    "en": Words(
        point=".",
        unranked="Application {application} has no place in a ranking of call {call}.",
        outdated="Application {application} is not in ranking {version} of call {call}; its last place:",
        place="Application {application} stands at rank {rank} in ranking {version} of call {call}.",
        total="Total: {total}, on a scale from 0 to 1.",
        criterion="- {label} (weight {weight} of {weights}, 0 to {scale} points, minimum {minimum}): {given}; "
        "{mean}; contributes {contribution} to the total.",
        given="{assessor} gave {points}",
        mean="mean {mean}",
        moderated="the points lay too far apart, the chair set {points} ({ground})",
        minima_reached="All minima are reached; the total had to be at least {minimum}.",
        below_minimum="Not reached: {label} has {mean}, at least {minimum} was needed.",
        below_minimum_total="Not reached: the total is {total}, at least {minimum} was needed.",
        ineligible="The application is therefore not eligible and stands after all that are.",
        above="Above it, at rank {rank}: application {application}, total {total}. {reason}",
        below="Below it, at rank {rank}: application {application}, total {total}. {reason}",
        higher_total="The higher total goes first.",
        not_eligible_below="The eligible application goes first.",
        tie="The totals are equal; what made the difference: {step}.",
        step_criterion="the higher mean on {label}",
        step_smaller_request="the smaller request",
        step_earlier_submission="the earlier submission",
        step_application_id="the number of the application",
        tie_path="With an equal total separated by: {steps}.",
        advice="A ranking is advice: it awards nothing.",
    ),
}
