//! The table block: rows of plain text. <https://docs.slack.dev/reference/block-kit/blocks/table-block>

use serde::Serialize;

/// Rows and columns: at most 100 rows with the head, 20 columns, 10,000 characters in all cells together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    pub(super) rows: Vec<Vec<Cell>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) column_settings: Vec<Column>,
}

/// A cell. It is shown as it is: no markup, no mentions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "raw_text")]
pub(super) struct Cell {
    pub(super) text: String,
}

/// How a column looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Column {
    align: Align,
}

/// On which side of a column its text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    /// Words.
    #[default]
    Left,
    /// Short words under a wide head.
    Center,
    /// Numbers.
    Right,
}

impl Table {
    /// A table with these column heads.
    pub fn new<S: Into<String>>(head: impl IntoIterator<Item = S>) -> Self {
        Self::default().row(head)
    }

    /// Adds a row.
    #[must_use]
    pub fn row<S: Into<String>>(mut self, cells: impl IntoIterator<Item = S>) -> Self {
        let cells = cells.into_iter().map(|text| Cell { text: text.into() }).collect();
        self.rows.push(cells);
        self
    }

    /// Aligns the columns, from the first on. Columns that are not named stay on the left.
    #[must_use]
    pub fn align(mut self, columns: impl IntoIterator<Item = Align>) -> Self {
        self.column_settings = columns.into_iter().map(|align| Column { align }).collect();
        self
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_is_rows_of_raw_text() {
        let table = Table::new(["Name", "Days"])
            .row(["Ada", "12"])
            .align([Align::Left, Align::Right]);
        assert_eq!(
            serde_json::to_value(super::super::Block::Table(table)).unwrap(),
            json!({
                "type": "table",
                "rows": [
                    [{"type": "raw_text", "text": "Name"}, {"type": "raw_text", "text": "Days"}],
                    [{"type": "raw_text", "text": "Ada"}, {"type": "raw_text", "text": "12"}],
                ],
                "column_settings": [{"align": "left"}, {"align": "right"}],
            })
        );
    }
}
