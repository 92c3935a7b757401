//! The one place with SQL: named operations, each one transaction.
