"""One thin module per loader library, each of which imports its library when it is used."""
