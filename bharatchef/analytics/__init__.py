"""What many evaluations show together: which facts are kept of each, and which figures may be shown of
people.

It knows no database, no cloud and no name of a person: a person is a pseudonym here.
"""
