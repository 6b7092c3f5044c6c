"""The relationship assessment as a page and as a document for programs.

figures.py      numbers of indicators as people write them
says.py         sentences: what changed, what warns, why revenue changed
charts.py       pictures as SVG, with what they show in words
losses.py       where value at risk comes from, of scored customers
document.py     all of it as JSON
page.py         all of it as one HTML file, by page.html.j2
"""
