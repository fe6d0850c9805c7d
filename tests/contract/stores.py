"""What the suites of the store have in common."""

import sqlite3
from collections.abc import Callable

import psycopg

from services.runtime.sql_store import SqlStore

Open = Callable[[], SqlStore]
DatabaseError = (sqlite3.Error, psycopg.Error)
CHECKS = ("kind <> 'Box' OR CAST(body ->> 'total' AS INTEGER) <= 100",)
