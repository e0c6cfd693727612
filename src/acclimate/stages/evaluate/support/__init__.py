"""Whether what an answer states stands in its source: numbers, doses, dates, sides, negations, names, references."""
