"""After an erasure the plaintext is nowhere in a deployment, no backup brings it back, logs and balances are as before."""

import json
from pathlib import Path

from services.calls.bodies import bodies_on
from services.calls.file import load
from services.runtime.documents import Documents
from services.runtime.vault import CONTACT, Vault
from tests.cli.line import CALL_FILE, OFFICER
from tests.privacy.deployment import Deployment, found, patiently, roots
from tests.runtime.serving import NOON

CALL = "radicalisation-2021"
FILE = f"{CALL}.01"
RULES = load(CALL_FILE)
BODIES = [m.kbo for m in bodies_on(RULES.window.opens_at.date()) if m.kbo]
BODY, OTHER = BODIES[:2]
CLERK, OTHER_CLERK = f"clerk-1:{BODY}:applicant", f"clerk-2:{OTHER}:applicant"
POLICE, AUDITOR = "inspector-1:police:assessor", "auditor-1:court:auditor"
NAME, MAIL, IBAN = b"Odette Geheimenis", b"odette.geheimenis@voorbeeld.example", b"BE68539007547034"
IN_DOCUMENT, IN_NOTE, IN_LOG = (
    b"curriculum vitae of the coordinator",
    b"was seen at the station on Monday",
    b"called Odette at home",
)
PLANTED = (NAME, MAIL, IBAN, IN_DOCUMENT, IN_NOTE, IN_LOG)


def plant(oproep: Deployment, scratch: Path) -> tuple[str, str]:
    """Personal data by every door that there is; gives the sealed line and the document's name."""
    form, attached, shared = scratch / "form.json", scratch / "plan.txt", scratch / "shared.txt"
    attached.write_bytes(IN_DOCUMENT)
    shared.write_bytes(b"the template that all have filled in")
    oproep("call", "publish", str(CALL_FILE), "--as", OFFICER)
    oproep("contact", "put", BODY, "--name", NAME.decode(), "--mail", MAIL.decode(), "--iban", IBAN.decode())
    for body, clerk, kept in ((BODY, CLERK, attached), (OTHER, OTHER_CLERK, shared)):
        form.write_text(oproep("apply", "form", str(CALL_FILE), "--applicant", body), "utf-8")
        attach = ("--attach", f"plan={kept}", "--attach", f"financial_template={shared}")
        oproep("apply", "draft", FILE if body == BODY else f"{CALL}.02", str(form), *attach, "--as", clerk)
    sealed = oproep("contact", "seal", BODY, f"{FILE}.application", said=IN_LOG).strip()
    oproep("apply", "extend", CALL, BODY, "2021-06-01T00:00:00Z", "--reason", sealed, "--as", OFFICER)
    note = ("--subject", BODY, "--organisation", "agency", "--organisation", "police")
    oproep("sealed", "put", CALL, "n-1", *note, "--as", OFFICER, said=IN_NOTE)
    assert oproep("sealed", "open", CALL, "n-1", "--as", POLICE).encode().strip() == IN_NOTE
    return sealed, oproep("document", "put", str(attached), "--as", CLERK).strip()


def rest(oproep: Deployment) -> None:
    """Wait until the notification service has sent what it heard of, or failed to."""
    patiently(lambda: not unread(oproep))


def unread(oproep: Deployment) -> bool:
    lines = json.loads(oproep("status", "--json"))
    return any(row.get("unread") or row.get("unsent") for row in lines)


def test_an_erasure_leaves_nothing_and_no_backup_undoes_it(tmp_path: Path) -> None:
    oproep, scratch, backup = Deployment(tmp_path / "deployment"), tmp_path / "scratch", tmp_path / "backup"
    scratch.mkdir()
    oproep.clock.set(NOON)
    with oproep.up():
        sealed, document = plant(oproep, scratch)
        assert oproep("contact", "unseal", sealed).encode().strip() == IN_LOG
        assert json.loads(oproep("contact", "show", BODY, "--json"))["mail"] == MAIL.decode()
        rest(oproep)
        before, balances = oproep.entries(), oproep.balances()
        assert found(oproep.place, *PLANTED) == []  # what is kept is ciphertext already; so are the copies
        oproep.copy(backup, "vault", "documents")
        oproep("audit", "export", str(oproep.place / "export-before"), "--as", AUDITOR)
        said = json.loads(oproep("erase", BODY, "--reason", "asked for it", "--as", OFFICER, "--json"))
        assert (said["destroyed"], len(said["kept"]), len(said["events"])) == ([document], 1, 1)
        rest(oproep)
        after = oproep.entries()
        oproep("audit", "export", str(oproep.place / "export"), "--as", AUDITOR)
        forgotten(oproep, sealed, document)
        lengths = {name: len(log) for name, log in before.items()}
        assert roots(after, lengths) == roots(before, lengths)
        assert all(after[name][: len(log)] == log for name, log in before.items())
        assert oproep.balances() == balances
        assert all(not row["fault"] for row in json.loads(oproep("replay", "--json")))
    assert found(oproep.place, *PLANTED) == []
    sound(oproep, "export-before", "export")
    oproep.restore(backup)
    assert Documents(oproep.place / "documents").get(document) == IN_DOCUMENT  # with its key it can be read
    assert readable(oproep)
    with oproep.up():
        forgotten(oproep, sealed, document)
        patiently(lambda: not readable(oproep))
    assert Documents(oproep.place / "documents").get(document) is None
    assert found(oproep.place, *PLANTED) == found(backup, *PLANTED) == []


def test_a_restored_vault_shows_nothing_even_before_the_services_have_looked_at_it(tmp_path: Path) -> None:
    oproep, scratch, backup = Deployment(tmp_path / "deployment"), tmp_path / "scratch", tmp_path / "backup"
    scratch.mkdir()
    oproep.clock.set(NOON)
    with oproep.up():
        sealed, _ = plant(oproep, scratch)
        oproep.copy(backup, "vault")
        oproep("erase", BODY, "--reason", "asked for it", "--as", OFFICER)
        oproep.restore(backup)
        oproep("contact", "show", BODY, code=1)
        oproep("contact", "unseal", sealed, code=1)
        oproep.restore(backup)
        oproep("sealed", "open", CALL, "n-1", "--as", POLICE, code=1)
    oproep("contact", "show", BODY, code=1)  # nobody answers for the log: nothing is shown


def sound(oproep: Deployment, *exports: str) -> None:
    """An auditor finds nothing amiss in one export after the other, and the same balances."""
    state, balances = ("--state", str(oproep.place.parent / "state")), list[object]()
    for number, name in enumerate(exports):
        told = json.loads(oproep("audit", "verify", str(oproep.place / name), *state, "--json"))
        assert {log["acceptedBefore"] is None for log in told["logs"]} == {number == 0}
        balances.append(json.loads(oproep("audit", "replay", str(oproep.place / name), "--json"))["balance"])
    assert [balance for balance in balances if balance != balances[0]] == []


def readable(oproep: Deployment) -> bool:
    """Whether the vault's files, taken by themselves, still open anything of the subject."""
    vault = Vault(oproep.place / "vault.db")
    return any(text is not None for text in (vault.read(BODY, CONTACT), vault.read(BODY, f"{CALL}/note/n-1")))


def forgotten(oproep: Deployment, sealed: str, document: str) -> None:
    """Nothing of it is given by any door, and the document is not taken again."""
    oproep("contact", "show", BODY, code=1)
    oproep("contact", "unseal", sealed, code=1)
    assert "erased" in oproep("sealed", "open", CALL, "n-1", "--as", POLICE, code=1)
    oproep("document", "get", document, str(oproep.place.parent / "got"), code=1)
    oproep("document", "put", str(oproep.place.parent / "scratch" / "plan.txt"), "--as", CLERK, code=1)
