//! Blocks laid out. It shows whatever it is given: blocks were validated before they were kept, and what is unknown
//! here is named.

use serde_json::Value;

use super::super::clean::clean;
use super::layout::{Align, indent, prefixed, table, two_columns};
use super::mrkdwn::{self, link};
use super::{BOLD, CODE, DIM, ITALIC, Paper, STRIKE, one_line};

/// A line across, on a terminal that is wider than one reads.
const LONGEST_LINE: usize = 80;

pub(super) fn render(blocks: &[Value], paper: Paper) -> String {
    let shown: Vec<String> = blocks
        .iter()
        .map(|block| render_block(block, paper))
        .filter(|text| !text.is_empty())
        .collect();
    shown.join("\n")
}

fn render_block(block: &Value, paper: Paper) -> String {
    match kind(block) {
        "header" => paper.ink(BOLD, &text_object(&block["text"], paper)),
        "section" => section(block, paper),
        "divider" => paper.ink(DIM, &"─".repeat(paper.width.min(LONGEST_LINE))),
        "context" => {
            let parts: Vec<String> = items(&block["elements"]).map(|part| text_object(part, paper)).collect();
            paper.ink(DIM, &parts.join("  "))
        }
        "actions" => {
            let parts: Vec<String> = items(&block["elements"]).map(|part| text_object(part, paper)).collect();
            parts.join("  ")
        }
        "rich_text" => rich_text(block, paper),
        "table" => table_block(block, paper),
        "markdown" => string(block, "text"),
        _ => text_object(block, paper),
    }
}

fn section(block: &Value, paper: Paper) -> String {
    let mut parts = Vec::new();
    if block["text"].is_object() {
        parts.push(text_object(&block["text"], paper));
    }
    let fields: Vec<String> = items(&block["fields"]).map(|field| text_object(field, paper)).collect();
    if !fields.is_empty() {
        parts.push(two_columns(&fields, paper.width));
    }
    if block["accessory"].is_object() {
        parts.push(text_object(&block["accessory"], paper));
    }
    parts.join("\n")
}

/// A text object, or an element that stands where one may stand.
fn text_object(value: &Value, paper: Paper) -> String {
    match kind(value) {
        "mrkdwn" => mrkdwn::render(value["text"].as_str().unwrap_or_default(), paper),
        "plain_text" | "raw_text" => string(value, "text"),
        "button" => {
            let label = format!("[{}]", string(&value["text"], "text"));
            link(&string(value, "url"), Some(&label))
        }
        "image" => {
            let label = format!("[image: {}]", string(value, "alt_text"));
            let title = string(&value["title"], "text");
            let shown = match string(value, "image_url") {
                url if url.is_empty() => label,
                url => link(&url, Some(&label)),
            };
            format!("{title}{}{shown}", if title.is_empty() { "" } else { "\n" })
        }
        "video" => link(&string(value, "video_url"), Some(&string(&value["title"], "text"))),
        other => format!(
            "({})",
            one_line(if other.is_empty() { "an unknown block" } else { other })
        ),
    }
}

fn table_block(block: &Value, paper: Paper) -> String {
    let rows: Vec<Vec<String>> = items(&block["rows"])
        .map(|row| items(row).map(|cell| table_cell(cell, paper)).collect())
        .collect();
    let aligns: Vec<Align> = items(&block["column_settings"])
        .map(|column| match column["align"].as_str() {
            Some("right") => Align::Right,
            Some("center") => Align::Center,
            _ => Align::Left,
        })
        .collect();
    table(&rows, &aligns, paper.width)
}

fn table_cell(cell: &Value, paper: Paper) -> String {
    let shown = match kind(cell) {
        "rich_text" => rich_text(cell, paper),
        _ => string(cell, "text"),
    };
    shown.replace(['\n', '\t'], " ")
}

fn rich_text(block: &Value, paper: Paper) -> String {
    let parts: Vec<String> = items(&block["elements"])
        .map(|part| match kind(part) {
            "rich_text_list" => list(part, paper),
            "rich_text_preformatted" => indent(&inline(part, paper), 4),
            "rich_text_quote" => prefixed(&inline(part, paper), "> ", "> "),
            _ => inline(part, paper).trim_end_matches('\n').to_owned(),
        })
        .collect();
    parts.join("\n")
}

fn list(part: &Value, paper: Paper) -> String {
    let depth = part["indent"].as_u64().unwrap_or(0).min(8) as usize;
    let first = part["offset"].as_u64().unwrap_or(0).saturating_add(1);
    let ordered = part["style"] == "ordered";
    let lines: Vec<String> = items(&part["elements"])
        .zip(first..)
        .map(|(item, number)| {
            let mark = if ordered {
                format!("{number}. ")
            } else {
                "• ".to_owned()
            };
            let rest = " ".repeat(mark.chars().count());
            indent(&prefixed(&inline(item, paper), &mark, &rest), 2 * depth)
        })
        .collect();
    lines.join("\n")
}

fn inline(part: &Value, paper: Paper) -> String {
    items(&part["elements"]).map(|element| styled(element, paper)).collect()
}

fn styled(element: &Value, paper: Paper) -> String {
    let mut shown = rich_element(element);
    for (name, ink) in [("code", CODE), ("bold", BOLD), ("italic", ITALIC), ("strike", STRIKE)] {
        if element["style"][name] == true {
            shown = paper.ink(ink, &shown);
        }
    }
    shown
}

fn rich_element(element: &Value) -> String {
    match kind(element) {
        "text" => string(element, "text"),
        "link" => {
            let label = string(element, "text");
            link(
                &string(element, "url"),
                Some(label.as_str()).filter(|label| !label.is_empty()),
            )
        }
        "user" => format!("@{}", string(element, "user_id")),
        "usergroup" => format!("@{}", string(element, "usergroup_id")),
        "broadcast" => format!("@{}", string(element, "range")),
        "channel" => format!("#{}", string(element, "channel_id")),
        "emoji" => format!(":{}:", string(element, "name")),
        "color" => string(element, "value"),
        "date" => string(element, "fallback"),
        _ => String::new(),
    }
}

fn kind(value: &Value) -> &str {
    value["type"].as_str().unwrap_or_default()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A string of a block, safe to show.
fn string(value: &Value, key: &str) -> String {
    clean(value[key].as_str().unwrap_or_default()).replace(super::super::text::ZERO_WIDTH_SPACE, "")
}
