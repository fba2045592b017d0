"""The properties: formulas, reductions to questions, claims."""

from verify.property.base import Assignment, Criterion, Property, Question, Term, Vacuous
from verify.property.catalogue import CATALOGUE, Claim, find

__all__ = ["CATALOGUE", "Assignment", "Claim", "Criterion", "Property", "Question", "Term", "Vacuous", "find"]
