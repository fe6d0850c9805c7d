"""Why an application has its rank, in words, from what was recorded and nothing else.

Every number is given as the exact fraction that decided and as a decimal that is rounded for reading only.
"""

from collections.abc import Iterator
from fractions import Fraction

from services.kernel.decider import State
from services.kernel.form import MalformedError
from services.kernel.rules import CallRules
from services.scoring.model import ApplicationRanked, CriterionResult
from services.scoring.ranking import BELOW_MINIMUM_TOTAL, contribution, separator
from services.scoring.records import Call, Ranked, Ranking
from services.scoring.words import WORDS, Words

_DECIMALS = 4


def explain_from(state: State, call_id: str, application_id: str, language: str) -> str:
    """Explain an application's last place, with its neighbours, from state.

    Raises:
        MalformedError: if there are no words in `language`.
    """
    words = _words(language)
    call, ranking = state.get(Call, call_id), state.get(Ranking, call_id)
    own = state.get(Ranked, call_id, application_id)
    if call is None or ranking is None or own is None:
        return words.unranked.format(application=application_id, call=call_id)
    if own.place.version != ranking.version:
        outdated = words.outdated.format(application=application_id, version=ranking.version, call=call_id)
        return f"{outdated}\n{explain(own.place, call.rules, language)}"
    rank = own.place.rank
    places = {
        ranked.place.rank: ranked.place
        for ranked in state.all(Ranked, call_id)
        if ranked.place.version == ranking.version and abs(ranked.place.rank - rank) == 1
    }
    return explain(own.place, call.rules, language, above=places.get(rank - 1), below=places.get(rank + 1))


def explain(
    ranked: ApplicationRanked,
    rules: CallRules,
    language: str,
    *,
    above: ApplicationRanked | None = None,
    below: ApplicationRanked | None = None,
) -> str:
    """Explain a place, and what sets it apart from the neighbours that are given; one line a statement.

    Raises:
        MalformedError: if there are no words in `language`.
    """
    return "\n".join(_Explanation(ranked, rules, language).lines(above, below))


class _Explanation:
    """The lines about one place in one language."""

    def __init__(self, ranked: ApplicationRanked, rules: CallRules, language: str) -> None:
        self._ranked, self._scoring = ranked, rules.scoring
        self._words = _words(language)
        self._labels = {c.code: c.label.get(language, c.code) for c in rules.scoring.criteria}

    def lines(self, above: ApplicationRanked | None, below: ApplicationRanked | None) -> Iterator[str]:
        ranked, words = self._ranked, self._words
        yield words.place.format(application=ranked.application_id, rank=ranked.rank, version=ranked.version, call=ranked.call_id)
        yield words.total.format(total=self._number(ranked.total))
        yield from map(self._criterion, ranked.criteria)
        yield from self._minima()
        if ranked.tie_path:
            yield words.tie_path.format(steps=", ".join(map(self._step, ranked.tie_path)))
        if above is not None:
            yield self._neighbour(words.above, above, self._reason(above, ranked))
        if below is not None:
            yield self._neighbour(words.below, below, self._reason(ranked, below))
        yield words.advice

    def _criterion(self, result: CriterionResult) -> str:
        given = [self._words.given.format(assessor=i.assessor, points=i.points) for i in result.inputs]
        mean = self._words.mean.format(mean=self._number(result.mean))
        if result.moderated is not None:
            mean = self._words.moderated.format(points=result.moderated, ground=result.moderation_ground)
        return self._words.criterion.format(
            label=self._labels[result.criterion],
            weight=result.weight,
            weights=sum(criterion.weight for criterion in self._scoring.criteria),
            scale=result.scale,
            minimum=result.minimum,
            given=", ".join(given),
            mean=mean,
            contribution=self._number(contribution(result, self._scoring)),
        )

    def _minima(self) -> Iterator[str]:
        minimum_total = self._number(self._scoring.minimum_total)
        if self._ranked.eligible:
            yield self._words.minima_reached.format(minimum=minimum_total)
            return
        for result in self._ranked.criteria:
            if result.mean < result.minimum:
                label, mean = self._labels[result.criterion], self._number(result.mean)
                yield self._words.below_minimum.format(label=label, mean=mean, minimum=result.minimum)
        if BELOW_MINIMUM_TOTAL in self._ranked.fails:
            yield self._words.below_minimum_total.format(total=self._number(self._ranked.total), minimum=minimum_total)
        yield self._words.ineligible

    def _neighbour(self, sentence: str, other: ApplicationRanked, reason: str) -> str:
        total = self._number(other.total)
        return sentence.format(rank=other.rank, application=other.application_id, total=total, reason=reason)

    def _reason(self, upper: ApplicationRanked, lower: ApplicationRanked) -> str:
        if upper.eligible and not lower.eligible:
            return self._words.not_eligible_below
        step = separator(upper, lower, self._scoring)
        return self._words.higher_total if step is None else self._words.tie.format(step=self._step(step))

    def _step(self, name: str) -> str:
        by, _, criterion = name.partition(":")
        sentence: str = getattr(self._words, f"step_{by}")
        return sentence.format(label=self._labels.get(criterion))

    def _number(self, value: Fraction) -> str:
        return shown(value, self._words)


def shown(value: Fraction, words: Words) -> str:
    """A number not below 0: whole as it is, else `17/3 (5.6667)`; the decimal is rounded half up, for reading only."""
    if value.denominator == 1:
        return str(value.numerator)
    scaled = (value * 10**_DECIMALS + Fraction(1, 2)) // 1
    whole, decimals = divmod(scaled, 10**_DECIMALS)
    sign = "" if value == Fraction(scaled, 10**_DECIMALS) else "≈ "
    return f"{value.numerator}/{value.denominator} ({sign}{whole}{words.point}{decimals:0{_DECIMALS}d})"


def _words(language: str) -> Words:
    if language not in WORDS:
        raise MalformedError("language", f"no words in {language[:20]!r}", ", ".join(WORDS))
    return WORDS[language]
