//! The four ways in which this store runs a statement. Each is prepared once a connection and kept.

use rusqlite::{Connection, OptionalExtension, Params, Result, Row};

/// Runs a statement that returns nothing. Says how many rows it changed.
pub(super) fn change(c: &Connection, sql: &str, params: impl Params) -> Result<usize> {
    c.prepare_cached(sql)?.execute(params)
}

/// Reads the first row. Having none is an error.
pub(super) fn one<T>(
    c: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<T> {
    c.prepare_cached(sql)?.query_row(params, read)
}

/// Reads the first row, where there is one.
pub(super) fn maybe<T>(
    c: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    one(c, sql, params, read).optional()
}

/// Reads every row.
pub(super) fn all<T>(
    c: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    c.prepare_cached(sql)?.query_map(params, read)?.collect()
}
