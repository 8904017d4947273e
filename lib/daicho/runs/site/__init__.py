"""The report index: a static site in the folder of the reports, with a page of what ran, what failed, what waits and what comes."""
