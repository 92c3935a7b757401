//! How large a table is, and what Slack takes. <https://docs.slack.dev/reference/block-kit/blocks/table-block>

use crate::EMPTY;
use crate::rows::Rows;

/// Rows of a table, its head included.
const ROWS: usize = 100;
const COLUMNS: usize = 20;
/// Characters of all cells together.
const CHARACTERS: usize = 10_000;

impl Rows {
    /// `12 rows`, for people.
    pub(crate) fn size(&self) -> String {
        let (rows, columns) = (self.count, self.head.len());
        let many = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            _ => format!("{} {what}s", thousands(count)),
        };
        format!("{} of {}", many(rows, "row"), many(columns, "column"))
    }

    /// Why it cannot be a table.
    pub(crate) fn too_large(&self) -> Option<String> {
        let characters: usize = std::iter::once(&self.head)
            .chain(&self.rows)
            .flatten()
            .map(|cell| cell.chars().count().max(EMPTY.chars().count()))
            .sum();
        if self.count >= ROWS {
            return Some(format!(
                "A table in Slack has at most {} of them below its head",
                ROWS - 1
            ));
        }
        if self.head.len() > COLUMNS {
            return Some(format!("A table in Slack has at most {COLUMNS} columns"));
        }
        if characters > CHARACTERS {
            return Some(format!(
                "A table in Slack holds at most {} characters, these are {}",
                thousands(CHARACTERS),
                thousands(characters)
            ));
        }
        None
    }
}

/// `1,234`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
