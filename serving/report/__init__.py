"""The relationship assessment as a page and as a document for programs.

wording.py      what is said, in a language: sentences, indicators, figures, months
findings.py     all that is told: the assessment, what scores add, the plan, and what became of the last
segments.py     scored customers by group and status
savings.py      what repair of a weak point would save, with its interval
plan.py         what to do, who, by when, how it is measured
followed.py     what became of the last plan
kept.py         assessments under the home folder
alarms.py       the early warnings that were kept, for programs
says.py         sentences: what changed, what warns, why revenue changed, what is to be done
behind.py       the commands that list the rows behind a figure
charts.py flow.py  pictures as SVG, with what they show in words
lines.py        indicators written out: lines, tiles, charts
sheets.py       the tables of the assessment written out
tables.py       the other tables of the page written out
shape.py        the shape of the JSON: docs/assessment.schema.json
document.py     all of it as JSON
page.py         all of it as one HTML file, by page.html.j2
"""
