//! What notifications and screen readers say of blocks: their texts, in their order, as mrkdwn.

use serde_json::Value;

use super::super::text::{cut, escape};

/// A screen reader reads it all out; a notification shows a line.
const LONGEST: usize = 3_000;

/// The texts of blocks that were checked. Empty where there are none.
pub(super) fn text(blocks: &[Value]) -> String {
    let mut said = String::new();
    for block in blocks {
        collect(block, &mut said);
        new_line(&mut said);
        if said.len() > 4 * LONGEST {
            break;
        }
    }
    cut(said.trim(), LONGEST).trim_end().to_owned()
}

fn new_line(said: &mut String) {
    if !said.is_empty() && !said.ends_with('\n') {
        said.push('\n');
    }
}

fn collect(value: &Value, said: &mut String) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, said)),
        Value::Object(_) => collect_object(value, said),
        _ => {}
    }
}

fn collect_object(value: &Value, said: &mut String) {
    let of = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    match of("type") {
        // Kept within the grants already.
        "mrkdwn" => {
            said.push_str(of("text"));
            new_line(said);
        }
        "plain_text" | "raw_text" => {
            said.push_str(&escape(of("text")));
            new_line(said);
        }
        "text" => said.push_str(&escape(of("text"))),
        // Standard Markdown is not mrkdwn: its signs are shown, and nothing in it is interpreted.
        "markdown" => said.push_str(&escape(of("text"))),
        "link" if of("text").is_empty() => said.push_str(&escape(of("url"))),
        "link" => said.push_str(&escape(of("text"))),
        "user" => said.push_str(&format!("<@{}>", of("user_id"))),
        "usergroup" => said.push_str(&format!("<!subteam^{}>", of("usergroup_id"))),
        "broadcast" => said.push_str(&format!("<!{}>", of("range"))),
        "channel" => said.push_str(&format!("<#{}>", of("channel_id"))),
        "emoji" => said.push_str(&escape(&format!(":{}:", of("name")))),
        "color" => said.push_str(&escape(of("value"))),
        "date" => said.push_str(&escape(of("fallback"))),
        "image" | "video" => {
            said.push_str(&escape(of("alt_text")));
            new_line(said);
        }
        "rich_text_section" | "rich_text_preformatted" | "rich_text_quote" => {
            collect(&value["elements"], said);
            new_line(said);
        }
        _ => ["text", "fields", "accessory", "elements", "rows"]
            .iter()
            .for_each(|key| collect(&value[*key], said)),
    }
}
