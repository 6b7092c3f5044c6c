"""How tables are found and opened: folders, database files, addresses, rows in memory."""
