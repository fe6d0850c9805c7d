"""The chapters of the printed report: from what was folded to sections of words, tables and pictures."""

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction

from services.audit import pictures
from services.audit.blocks import Block, Facts, Grid, Picture, Section, Text, filled
from services.audit.checked import Checked
from services.audit.custody import Term, unreadable
from services.audit.duties import Deed, Duties, Hand, Pair, Rule, Verdict
from services.audit.story import Balance, Call, File, Story
from services.audit.words import Words
from services.kernel.people import Role

_BARS = 34
"""Ranks in one picture: as many as fit a page."""
_WAYS = 24
"""Files in one picture of their ways."""


def money(story: Story, say: Words) -> Iterator[Section]:
    """The balance of each envelope over time."""
    yield Section(1, say("money"))
    for name, points in story.envelopes.items():
        currency, last = story.currencies[name], points[-1]
        alt = say(
            "money_alt",
            envelope=name,
            start=say.day(points[0].time),
            end=say.day(last.time),
            budget=say.money(last.budget, currency),
            committed=say.money(last.committed, currency),
            paid=say.money(last.paid, currency),
            recovered=say.money(last.recovered, currency),
            lowest=say.money(story.lowest[name], currency),
        )
        picture = Picture(pictures.money(points, say, currency), f"{say('money_picture')}: {name}", alt)
        yield Section(2, f"{say('envelope')} {name}", [Text(say("money_words", envelope=name)), picture, _balances(points, say)])


def _balances(points: Sequence[Balance], say: Words) -> Grid:
    keys = ("budget", "reserved", "committed", "available", "paid", "recovered")
    rows = [[say.instant(point.time), *(say.money(getattr(point, key)) for key in keys)] for point in points]
    marked = frozenset(number for number, point in enumerate(points) if point.available < 0)
    return Grid(say("money_table"), "wrrrrrr", [say("time"), *(say(key) for key in keys)], rows, marked)


def call(story: Story, about: Call, say: Words) -> Iterator[Section]:
    """One call: its rules in short, its ranking, the way and the outcome of each file."""
    rules, currency = about.rules, about.rules.envelope.currency
    yield Section(1, f"{rules.title[say.language]} ({rules.call_id})")
    facts = [
        (say("legal_basis"), rules.legal_basis),
        (say("decision_maker"), rules.awarding.decision_maker[say.language]),
        (say("envelope"), f"{rules.envelope.envelope_id}, {say.money(rules.envelope.budget_cents, currency)}"),
        (say("cap"), say.money(rules.cap.cap_cents, currency)),
        (say("own_share"), f"{rules.co_financing.percent}\u00a0%"),
        (say("published"), say.instant(about.published_at)),
        (say("deadline"), say.instant(about.deadline)),
        (say("closed"), say.instant(about.closed_at) if about.closed_at else say("no")),
        (say("minimum"), say.share(rules.scoring.minimum_total, 2)),
        (say("files"), _fates(about, say)),
    ]
    synthetic = [Text(say("synthetic", words="; ".join(rules.synthetic)))] if rules.synthetic else []
    yield Section(2, say("facts"), [Facts(facts), *synthetic])
    if ranked := about.ranked():
        yield Section(2, say("ranking"), _ranking(story, about, ranked, say))
    files = sorted(about.files.values(), key=lambda file: (file.rank == 0, file.rank, file.application_id))
    ways = [_ways(story, about, files[at : at + _WAYS], say) for at in range(0, len(files), _WAYS)]
    unranked = [file for file in files if not file.rank]
    others = Grid(
        say("unranked"),
        "llrlw",
        [say(key) for key in ("file", "applicant", "requested", "decided_as", "ground")],
        [
            [*_named(story, file), say.money(file.requested), say(f"fate.{file.fate}"), _ground(story, file, say)]
            for file in unranked
        ],
    )
    yield Section(2, say("flow"), filled([Text(say("flow_words")), others, _accounts(story, files, say), *ways]))


def _fates(about: Call, say: Words) -> str:
    counts = Counter(file.fate for file in about.files.values())
    return f"{len(about.files)}: " + ", ".join(f"{count} {say(f'fate.{fate}')}" for fate, count in counts.most_common())


def _named(story: Story, file: File) -> tuple[str, str]:
    partners = f" (+{len(file.partners)})" if file.partners else ""
    return file.application_id.rpartition(".")[2], story.bodies.get(file.applicant, file.applicant) + partners


def _ground(story: Story, file: File, say: Words) -> str:
    """The ground as it was given; what is sealed in it cannot be read here, and perhaps nowhere any more."""
    since = None if file.ground_given is None else story.custody.gone(file.ground, file.ground_given)
    return unreadable(file.ground, say("sealed") if since is None else say("erased_since", time=say.instant(since)))


def _ranking(story: Story, about: Call, ranked: Sequence[File], say: Words) -> list[Block]:
    drawn = [ranked[at : at + _BARS] for at in range(0, len(ranked), _BARS)]
    cut = say("cut_alt", cut=about.cut()) if about.cut() else say("cut_none_alt")
    minimum = say.share(about.rules.scoring.minimum_total, 2)
    shown = [
        Picture(
            pictures.ranking(about, files, story.bodies, say),
            say("ranking_picture"),
            say("ranking_alt", first=files[0].rank, last=files[-1].rank, minimum=minimum, cut=cut),
        )
        for files in drawn
    ]
    rows = [
        [
            str(file.rank),
            *_named(story, file),
            say.share(file.total or Fraction(0)),
            str(file.total),
            say.money(file.requested),
            say(f"fate.{file.fate}"),
            say.money(file.granted) if file.granted else "",
            _why(file, about, say),
        ]
        for file in ranked
    ]
    head = [say(key) for key in ("rank", "file", "applicant", "total", "exact", "requested", "decided_as", "granted", "ground")]
    return [Text(say("ranking_words")), *shown, Grid(say("ranking"), "rllrrrlrw", head, rows)]


def _why(file: File, about: Call, say: Words) -> str:
    """What keeps a file from an award, and what set it apart from those with an equal total."""
    labels = {criterion.code: criterion.label[say.language] for criterion in about.rules.scoring.criteria}

    def told(group: str, code: str) -> str:
        name, _, criterion = code.partition(":")
        return say(f"{group}.{name}") + (f" \u201c{labels.get(criterion, criterion)}\u201d" if criterion else "")

    return "; ".join([*(told("fails", code) for code in file.fails), *(told("ties", code) for code in file.tie_path)])


def _ways(story: Story, about: Call, files: Sequence[File], say: Words) -> Picture:
    ends = ", ".join(f"{_named(story, file)[0]} {say(f'fate.{file.fate}')}" for file in files) + "."
    alt = say("flow_alt", count=len(files), first=_named(story, files[0])[0], last=_named(story, files[-1])[0], ends=ends)
    drawing = pictures.flow(files, about.rules.call_id, story.bodies, say)
    return Picture(drawing, f"{say('flow_picture')}: {about.rules.call_id}", alt, flat=True)


def _accounts(story: Story, files: Sequence[File], say: Words) -> Grid:
    rows = [
        [
            *_named(story, file),
            say.money(file.granted),
            say.money(file.paid),
            say.money(file.recovered),
            "" if file.final_grant is None else say.money(file.final_grant),
        ]
        for file in files
        if file.granted or file.paid
    ]
    head = [say(key) for key in ("file", "applicant", "granted", "paid", "recovered", "final_grant")]
    return Grid(say("accounts"), "lwrrrr", head, rows)


def separation(duties: Duties, say: Words) -> Iterator[Section]:
    """Every pair of hands, who did what, every refusal."""
    yield Section(1, say("duties"))
    counted = Counter((pair.rule, pair.verdict) for pair in duties.pairs)
    rows = [[say(f"rules.{rule}"), *(str(counted[rule, verdict]) for verdict in Verdict)] for rule in Rule]
    marked = frozenset(n for n, rule in enumerate(Rule) if counted[rule, Verdict.BROKEN] + counted[rule, Verdict.UNPROVEN])
    head = [say("rule"), *(say(verdict) for verdict in Verdict)]
    yield Section(2, say("pairs"), [Text(say("duties_words")), Grid(say("pairs"), "wrrrr", head, rows, marked)])
    for rule in Rule:
        if pairs := [pair for pair in duties.pairs if pair.rule is rule]:
            yield Section(3, say(f"rules.{rule}"), [_pairs(pairs, say)])
    yield Section(2, say("deeds"), [Text(say("deeds_words")), _deeds(duties.deeds, say)])
    yield Section(2, say("every_refusal"), [_refusals(duties, say) if duties.refusals else Text(say("none"))])


def _refusals(duties: Duties, say: Words) -> Grid:
    rows = [
        [
            f"{say.instant(refusal.hand.time)}\n{refusal.hand.log}/{refusal.hand.index}",
            f"{refusal.hand.actor}\n{refusal.command}",
            refusal.subject or refusal.call_id,
            f"{refusal.code}: {refusal.detail}",
        ]
        for refusal in duties.refusals
    ]
    head = [f"{say('time')}, {say('where').lower()}", f"{say('actor')}, {say('command').lower()}", say("subject"), say("ground")]
    return Grid(say("every_refusal"), "lwww", head, rows)


def _pairs(pairs: Sequence[Pair], say: Words) -> Grid:
    def hands(of: Sequence[Hand]) -> str:
        return ", ".join(_hand(hand) for hand in of) or say("none")

    def subject(pair: Pair) -> str:
        return f"{pair.call_id}, {say('proposal', number=pair.subject)}" if pair.rule is Rule.APPROVAL else pair.subject

    rows = [[subject(pair), hands(pair.first), hands(pair.second), say(pair.verdict)] for pair in pairs]
    marked = frozenset(n for n, pair in enumerate(pairs) if pair.verdict in (Verdict.BROKEN, Verdict.UNPROVEN))
    head = [say(key) for key in ("subject", "first", "second", "verdict")]
    return Grid(f"{say('pairs')} ({len(pairs)})", "wwwl", head, rows, marked)


def _deeds(deeds: Sequence[Deed], say: Words) -> Grid:
    """Applicants, who are many and do the same, are summed up by command."""
    people = [deed for deed in deeds if deed.role != Role.APPLICANT]
    filing: dict[tuple[str, str], list[Deed]] = {}
    for deed in deeds:
        if deed.role == Role.APPLICANT:
            filing.setdefault((deed.service, deed.command), []).append(deed)
    rows = [[deed.actor, deed.role or say("none"), *_counted([deed])] for deed in people if deed.role != Role.SYSTEM]
    rows += [
        [say("applicants_all", count=len({deed.actor for deed in alike})), Role.APPLICANT, *_counted(alike)]
        for alike in filing.values()
    ]
    rows += [[deed.actor, deed.role, *_counted([deed])] for deed in people if deed.role == Role.SYSTEM]
    marked = frozenset(n for n, row in enumerate(rows) if row[1] == say("none"))
    return Grid(
        say("deeds"), "wlllrr", [say(key) for key in ("actor", "role", "service", "command", "done", "refused")], rows, marked
    )


def _counted(deeds: Sequence[Deed]) -> tuple[str, str, str, str]:
    done, refused = sum(deed.done for deed in deeds), sum(deed.refused for deed in deeds)
    return deeds[0].service, deeds[0].command, str(done), str(refused)


def retention(story: Story, say: Words) -> Iterator[Section]:
    """How long everything is kept, what was destroyed after whose approval, and who was erased."""
    kept = story.custody
    yield Section(1, say("retention"), [Text(say("retention_words"))])
    for name, call in story.calls.items():
        rules = [[rule.data_class, f"{name}.{rule.data_class}", str(rule.years), rule.ground] for rule in kept.rules(name)]
        terms = list(kept.terms(name))
        closed = len({term.application_id for term in terms})
        blocks: list[Block] = [
            Grid(say("terms"), "llrw", [say(key) for key in ("class", "rule", "years", "ground")], rules),
            Text(say("closed_files", closed=closed, of=len(call.files))),
            Grid(
                say("closed_terms"),
                "llwllw",
                [say(key) for key in ("file", "class", "rule", "starts", "due", "destroyed")],
                [_term(term, say) for term in terms],
            ),
        ]
        yield Section(2, f"{say('call')} {name}", filled(blocks))
    erasures = [
        [
            erasure.subject,
            say.instant(erasure.hand.time),
            _hand(erasure.hand),
            erasure.call_id,
            str(erasure.documents),
            erasure.ground,
        ]
        for erasure in kept.erasures
    ]
    head = [say(key) for key in ("subject", "time", "actor", "call", "documents", "ground")]
    yield Section(2, say("erasures"), [Grid(say("erasures"), "llwlrw", head, erasures) if erasures else Text(say("none"))])


def _term(term: Term, say: Words) -> list[str]:
    done = [
        say(
            "destroyed_by",
            time=say.instant(destruction.time),
            documents=destruction.documents,
            planned=_hand(destruction.planned) if destruction.planned else say("none"),
            approved=_hand(destruction.approved),
        )
        for destruction in term.destroyed
    ]
    file = term.application_id.rpartition(".")[2]
    return [file, term.data_class, term.rule, say.instant(term.closed.time), say.instant(term.due_at), "\n".join(done)]


def _hand(hand: Hand) -> str:
    return f"{hand.actor} ({hand.log}/{hand.index})"


def logs(story: Story, checked: Checked, say: Words) -> Iterator[Section]:
    """What the report was made from, and whether that can be relied on."""
    rows = [
        [
            log.name,
            str(log.frontier.size),
            say.instant(log.last) if log.last else "",
            say("yes") if log.name in checked.signed else say("no"),
            log.frontier.root().hex(),
        ]
        for log in story.logs.values()
    ]
    unsigned = frozenset(number for number, name in enumerate(story.logs) if name not in checked.signed)
    head = [say(key) for key in ("log", "entries", "last", "signed", "root")]
    faults = [[f"{fault.log}/{fault.index}", fault.words] for fault in checked.faults]
    blocks: list[Block] = [
        Text(say("logs_words")),
        *([Text(say("keys_from_export"))] if checked.keys_from_export else []),
        Grid(say("logs"), "lrllw", head, rows, unsigned),
        Grid(say("faults"), "lw", [say("where"), say("fault")], faults, frozenset(range(len(faults)))),
    ]
    yield Section(1, say("logs"), filled(blocks))
