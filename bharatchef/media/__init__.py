"""Films: inspected, judged fit or not, and turned into small proxies; all times are film seconds."""
