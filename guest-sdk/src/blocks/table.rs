//! The table block: rows of cells. <https://docs.slack.dev/reference/block-kit/blocks/table-block>

use serde::Serialize;

use super::RichText;

/// Rows and columns: at most 100 rows with the head, 20 columns, 10,000 characters in all cells together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    pub(super) rows: Vec<Vec<Cell>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) column_settings: Vec<Column>,
}

/// A cell. A string becomes one that is shown as it is: no markup, no mentions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Cell {
    /// Text that is shown as it is. Slack refuses empty ones.
    RawText {
        /// The text.
        text: String,
    },
    /// Links, styles, mentions.
    RichText(RichText),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::RawText { text: text.to_owned() }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::RawText { text }
    }
}

impl From<RichText> for Cell {
    fn from(text: RichText) -> Self {
        Self::RichText(text)
    }
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
    pub fn new<C: Into<Cell>>(head: impl IntoIterator<Item = C>) -> Self {
        Self::default().row(head)
    }

    /// Adds a row.
    #[must_use]
    pub fn row<C: Into<Cell>>(mut self, cells: impl IntoIterator<Item = C>) -> Self {
        self.rows.push(cells.into_iter().map(Into::into).collect());
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
