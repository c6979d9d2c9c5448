"""What is weighed, in short."""

from host_tools.statements.weigh import Known, Weighed, findings, weighed
from host_tools.store.rows import AnnotationRow
from host_tools.vouched import People

from .signers import ANN, PEOPLE, raw_of

SAID = ANN.says(2)


def stands(*rows: AnnotationRow, people: People = PEOPLE, known: Known | None = None) -> list[Weighed]:
    return weighed(rows, raw_of, people, known)


def found(*rows: AnnotationRow, people: People = PEOPLE) -> list[str]:
    return findings(rows, raw_of, people)
