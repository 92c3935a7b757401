//! Columns, tables and indentation, measured as a terminal does.

use unicode_width::UnicodeWidthStr;

/// What keeps columns apart.
const GAP: &str = "  ";

/// Which end of a cell is filled up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Align {
    #[default]
    Left,
    Center,
    Right,
}

/// Columns that `text` takes, the escape sequences of the host's own styles not counted.
fn width(text: &str) -> usize {
    let mut columns = 0;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\x1b') {
        columns += before.width();
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    columns + rest.width()
}

/// Every line that is not empty, moved to the right.
pub(super) fn indent(text: &str, by: usize) -> String {
    let prefix = " ".repeat(by);
    prefixed(text, &prefix, &prefix)
}

/// Every line with something before it: the first with `first`, the others with `rest`.
pub(super) fn prefixed(text: &str, first: &str, rest: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .enumerate()
        .map(|(index, line)| format!("{}{line}", if index == 0 { first } else { rest }))
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n")
}

fn pad(text: &str, to: usize, align: Align) -> String {
    let missing = to.saturating_sub(width(text));
    let left = match align {
        Align::Left => 0,
        Align::Center => missing / 2,
        Align::Right => missing,
    };
    format!("{}{text}{}", " ".repeat(left), " ".repeat(missing - left))
}

/// Texts in two columns, side by side by lines; one below the other where two do not fit.
pub(super) fn two_columns(texts: &[String], paper_width: usize) -> String {
    let column = texts
        .iter()
        .flat_map(|text| text.split('\n'))
        .map(width)
        .max()
        .unwrap_or(0);
    if 2 * column + GAP.len() > paper_width {
        return texts.join("\n");
    }
    let mut lines = Vec::new();
    for pair in texts.chunks(2) {
        let left: Vec<&str> = pair[0].split('\n').collect();
        let right: Vec<&str> = pair.get(1).map_or_else(Vec::new, |text| text.split('\n').collect());
        for index in 0..left.len().max(right.len()) {
            let cell = |side: &[&str]| side.get(index).copied().unwrap_or_default().to_owned();
            let line = format!("{}{GAP}{}", pad(&cell(&left), column, Align::Left), cell(&right));
            lines.push(line.trim_end().to_owned());
        }
    }
    lines.join("\n")
}

/// Rows in columns, the first row being the head; where they are too wide, a record for each row, so that nothing is
/// cut off. Cells are single lines.
pub(super) fn table(rows: &[Vec<String>], aligns: &[Align], paper_width: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().map(|row| width(&cell(row, column))).max().unwrap_or(0))
        .collect();
    if widths.iter().sum::<usize>() + GAP.len() * columns.saturating_sub(1) > paper_width {
        return records(rows);
    }
    let mut lines = Vec::with_capacity(rows.len() + 1);
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> = (0..columns)
            .map(|column| {
                let align = aligns.get(column).copied().unwrap_or_default();
                pad(&cell(row, column), widths[column], align)
            })
            .collect();
        lines.push(cells.join(GAP).trim_end().to_owned());
        if index == 0 && rows.len() > 1 {
            let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
            lines.push(rule.join(GAP));
        }
    }
    lines.join("\n")
}

/// `head: value` for each cell, with an empty line between rows.
fn records(rows: &[Vec<String>]) -> String {
    let Some((head, rest)) = rows.split_first().filter(|(_, rest)| !rest.is_empty()) else {
        return rows.iter().flatten().cloned().collect::<Vec<_>>().join("\n");
    };
    let record = |row: &Vec<String>| {
        let lines: Vec<String> = row
            .iter()
            .enumerate()
            .map(
                |(column, value)| match head.get(column).filter(|name| !name.is_empty()) {
                    Some(name) => format!("{name}: {value}"),
                    None => value.clone(),
                },
            )
            .collect();
        lines.join("\n")
    };
    rest.iter().map(record).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter()
            .map(|row| row.iter().map(|&cell| cell.to_owned()).collect())
            .collect()
    }

    #[test]
    fn wide_characters_and_styles_do_not_shift_columns() {
        let rows = cells(&[&["who", "days"], &["日本", "5"], &["\x1b[1mann\x1b[22m", "12"]]);
        insta::assert_snapshot!(table(&rows, &[Align::Left, Align::Right], 80).replace('\x1b', "^"), @"
        who   days
        ────  ────
        日本     5
        ^[1mann^[22m     12
        ");
    }

    #[test]
    fn a_table_that_is_too_wide_becomes_records() {
        let rows = cells(&[&["name", "what"], &["one", "a long text about it"], &["two", "x"]]);
        insta::assert_snapshot!(table(&rows, &[], 20), @"
        name: one
        what: a long text about it

        name: two
        what: x
        ");
    }
}
