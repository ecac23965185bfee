"""Work on whole data sets of encoded images: JPEGs to dct records and back, in tars, folders and caches."""
