"""The hosts of the model packages' contract: loading a package, and answering for it over HTTP."""
