"""certificate: what a sample of records, read by a person, proves of the identifiers that deidentify left."""
