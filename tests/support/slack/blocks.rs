//! What Slack refuses in blocks: <https://docs.slack.dev/reference/block-kit/blocks>. Written apart from the host's own
//! checks, so that the two can disagree.

use std::collections::HashSet;

use serde_json::Value;

use super::methods::Refusal;

/// Not documented; met near 13,200 characters (slackapi/bolt-js#2509).
const TOTAL: usize = 13_200;

/// Checks the blocks of a message.
pub(super) fn check(blocks: &[Value]) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    if blocks.len() > 50 {
        faults.push("no more than 50 items allowed [json-pointer:/blocks]".to_owned());
    }
    let mut ids = HashSet::new();
    for (index, block) in blocks.iter().enumerate() {
        let place = format!("/blocks/{index}");
        if let Err(fault) = one(block) {
            faults.push(format!("{fault} [json-pointer:{place}]"));
        }
        if let Some(id) = block["block_id"].as_str()
            && !ids.insert(id)
        {
            faults.push(format!("`block_id` is not unique [json-pointer:{place}]"));
        }
    }
    if blocks.iter().filter(|block| block["type"] == "table").count() > 1 {
        faults.push("only_one_table_allowed".to_owned());
    }
    if !faults.is_empty() {
        return Err(Refusal::blocks(faults));
    }
    if blocks.iter().map(characters).sum::<usize>() > TOTAL {
        return Err("msg_blocks_too_long".into());
    }
    Ok(())
}

/// The characters of every text in a block, however deep.
fn characters(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(characters).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) if name == "text" => text.chars().count(),
                other => characters(other),
            })
            .sum(),
        _ => 0,
    }
}

pub(super) fn one(block: &Value) -> Result<(), String> {
    let kind = block["type"].as_str().ok_or("missing required field: type")?;
    let fields: &[&str] = match kind {
        "header" => &["text", "level"],
        "section" => &["text", "fields", "accessory", "expand"],
        "divider" => &[],
        "context" | "actions" | "rich_text" | "context_actions" => &["elements"],
        "image" => &["image_url", "slack_file", "alt_text", "title"],
        "table" => &["rows", "column_settings"],
        "markdown" => &["text"],
        "video" => &[
            "alt_text",
            "author_name",
            "description",
            "provider_icon_url",
            "provider_name",
            "thumbnail_url",
            "title",
            "title_url",
            "video_url",
        ],
        _ => return Err(format!("unsupported type: {kind}")),
    };
    known_fields(block, &[fields, &["type", "block_id"]].concat())?;
    if let Some(id) = block.get("block_id") {
        length(id, 1, 255, "block_id")?;
    }
    match kind {
        "header" => text(&block["text"], &["plain_text"], 150),
        "section" => section(block),
        "context" => items(block, "elements", 10, |element| match element["type"].as_str() {
            Some("image") => picture(element),
            _ => text(element, &["plain_text", "mrkdwn"], 3000),
        }),
        "actions" => items(block, "elements", 25, element),
        "image" => picture(block),
        "table" => table(block),
        "markdown" => length(&block["text"], 1, 12_000, "text"),
        "rich_text" => items(block, "elements", usize::MAX, |element| {
            match element["type"].as_str() {
                Some("rich_text_section" | "rich_text_list" | "rich_text_preformatted" | "rich_text_quote") => Ok(()),
                other => Err(format!("unsupported rich text element: {other:?}")),
            }
        }),
        _ => Ok(()),
    }
}

fn section(block: &Value) -> Result<(), String> {
    if block.get("text").is_none() && block.get("fields").is_none() {
        return Err("missing required field: text".to_owned());
    }
    if let Some(value) = block.get("text") {
        text(value, &["plain_text", "mrkdwn"], 3000)?;
    }
    if block.get("fields").is_some() {
        items(block, "fields", 10, |field| {
            text(field, &["plain_text", "mrkdwn"], 2000)
        })?;
    }
    if let Some(accessory) = block.get("accessory") {
        element(accessory)?;
    }
    Ok(())
}

fn element(element: &Value) -> Result<(), String> {
    match element["type"].as_str() {
        Some("button") => {
            let fields = [
                "type",
                "text",
                "action_id",
                "url",
                "value",
                "style",
                "confirm",
                "accessibility_label",
            ];
            known_fields(element, &fields)?;
            text(&element["text"], &["plain_text"], 75)?;
            if let Some(url) = element.get("url") {
                length(url, 1, 3000, "url")?;
            }
            match element.get("style").map(|style| style.as_str()) {
                None | Some(Some("primary" | "danger")) => Ok(()),
                Some(other) => Err(format!("invalid style: {other:?}")),
            }
        }
        Some("image") => picture(element),
        Some(kind) if kind.ends_with("_select") || kind.ends_with("picker") => Ok(()),
        Some("overflow" | "checkboxes" | "radio_buttons") => Ok(()),
        other => Err(format!("unsupported element: {other:?}")),
    }
}

fn picture(image: &Value) -> Result<(), String> {
    if image.get("slack_file").is_none() {
        length(&image["image_url"], 1, 3000, "image_url")?;
    }
    length(&image["alt_text"], 1, 2000, "alt_text")?;
    image
        .get("title")
        .map_or(Ok(()), |title| text(title, &["plain_text"], 2000))
}

fn table(block: &Value) -> Result<(), String> {
    items(block, "rows", 100, |row| {
        let cells = row.as_array().ok_or("a row must be an array")?;
        if cells.is_empty() || cells.len() > 20 {
            return Err(format!("a row has 1 to 20 cells, not {}", cells.len()));
        }
        cells.iter().try_for_each(|cell| match cell["type"].as_str() {
            Some("raw_text") => length(&cell["text"], 1, 10_000, "text"),
            Some("rich_text") => items(cell, "elements", usize::MAX, |_| Ok(())),
            other => Err(format!("unsupported cell: {other:?}")),
        })
    })?;
    if block.get("column_settings").is_some() {
        items(block, "column_settings", 20, |_| Ok(()))?;
    }
    if characters(&block["rows"]) > 10_000 {
        return Err("a table has at most 10,000 characters".to_owned());
    }
    Ok(())
}

pub(super) fn text(value: &Value, kinds: &[&str], most: usize) -> Result<(), String> {
    let kind = value["type"].as_str().ok_or("missing required field: text")?;
    if !kinds.contains(&kind) {
        return Err(format!("unsupported type of text: {kind}"));
    }
    known_fields(value, &["type", "text", "emoji", "verbatim"])?;
    length(&value["text"], 1, most, "text")
}

pub(super) fn length(value: &Value, least: usize, most: usize, name: &str) -> Result<(), String> {
    let text = value
        .as_str()
        .ok_or_else(|| format!("missing required field: {name}"))?;
    let count = text.chars().count();
    if count < least {
        return Err(format!("must be more than {} characters: {name}", least - 1));
    }
    if count > most {
        return Err(format!("must be less than {} characters: {name}", most + 1));
    }
    Ok(())
}

pub(super) fn items(
    owner: &Value,
    name: &str,
    most: usize,
    each: impl Fn(&Value) -> Result<(), String>,
) -> Result<(), String> {
    let items = owner[name]
        .as_array()
        .ok_or_else(|| format!("missing required field: {name}"))?;
    if items.is_empty() {
        return Err(format!("no fewer than 1 items allowed: {name}"));
    }
    if items.len() > most {
        return Err(format!("no more than {most} items allowed: {name}"));
    }
    items.iter().try_for_each(each)
}

pub(super) fn known_fields(value: &Value, known: &[&str]) -> Result<(), String> {
    let object = value.as_object().ok_or("must be an object")?;
    match object.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(format!("invalid additional property: {name}")),
        None => Ok(()),
    }
}
