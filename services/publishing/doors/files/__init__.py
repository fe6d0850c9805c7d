"""Whole files: 360Giving, quarters for the Flemish register of subsidies, and all awards as CSV and Parquet."""
