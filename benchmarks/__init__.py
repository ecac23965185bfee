"""This package beside others: the same images, crops, threads and output, a fresh process each, in turns."""
